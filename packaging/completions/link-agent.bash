# bash completion for link-agent(8)

complete -W "--check-config --remove-addresses --help" link-agent
