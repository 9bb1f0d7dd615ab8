# bash completion for link-client(1): the program itself says what may come next.

_link_client() {
    local line=${COMP_LINE:0:COMP_POINT} word colon found
    local -a words
    read -ra words <<<"$line"
    # After a space a new word begins.
    [[ $line == *[[:space:]] ]] && words+=("")
    word=${words[${#words[@]} - 1]}
    # bash takes what is behind the last colon for the word, as in 10.0.0.1:1313 and 2001:db8::1.
    colon=
    [[ $word == *:* && $COMP_WORDBREAKS == *:* ]] && colon=${word%"${word##*:}"}
    COMPREPLY=()
    while IFS=$'\t' read -r found _; do
        COMPREPLY+=("${found#"$colon"}")
    done < <("${words[0]}" __complete -- "${words[@]:1}" 2>/dev/null)
}

complete -o bashdefault -o default -F _link_client link-client
