# fish completion for link-client(1): the program itself says what may come next.

function __link_client_complete
    set -l words (commandline -opc)
    set -l program $words[1]
    set -e words[1]
    $program __complete -- $words (commandline -ct) 2>/dev/null
end

complete -c link-client -f -a '(__link_client_complete)'
# What is a file on this host.
complete -c link-client -l socket -r -F
