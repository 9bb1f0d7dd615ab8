# fish completion for link-agent(8)

complete -c link-agent -f
complete -c link-agent -l check-config -d 'check the configuration, print what is in effect, and exit'
complete -c link-agent -l remove-addresses -d 'remove the addresses that an agent left on the interfaces, and exit'
complete -c link-agent -l help -d 'show help'
