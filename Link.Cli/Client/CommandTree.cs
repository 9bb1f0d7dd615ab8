using System.CommandLine;
using System.CommandLine.Help;
using Link.Cli.Client.Commands;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client;

/// <summary>All commands: the groups <c>ips</c> and <c>endpoints</c>, and the names that LinK's clients had, at the top.</summary>
internal static class CommandTree
{
    private const int HelpWidth = 110;

    public static Command Build(ClientConsole console)
    {
        GlobalOptions options = new();
        HelpOption help = new();
        HelpAction plainHelp = (HelpAction)help.Action!;
        plainHelp.MaxWidth = HelpWidth;
        HelpWithExamples helpWithExamples = new(plainHelp, ClientProgram.Name);
        help.Action = helpWithExamples;
        CommandBuilder builder = new(console, options, helpWithExamples);

        Command root = builder.Make(
            ClientProgram.Name,
            "Talks to a LinK agent, which decides which host holds a virtual IP.",
            [],
            "ips add 10.0.0.1/32 --health-check \"TCP 127.0.0.1:80\" --wait",
            "ips list",
            "ips failover 10.0.0.1 --to web-2 --wait",
            "--host 10.0.0.5:1313 health");
        options.AddTo(root);
        root.Options.Add(help);
        root.Options.Add(new Option<bool>("--version") { Description = "print the client's version", Action = new PrintVersion() });

        Command ips = builder.Make("ips", "virtual IP addresses", [], "ips list", "ips add 10.0.0.1/32");
        AddShared(ips, builder, ApiForm.Ips, "ips ");
        root.Subcommands.Add(ips);

        Command endpoints = builder.Make("endpoints", "endpoints of any plugin", [], "endpoints list", "endpoints add --plugin arp --ip 10.0.0.1/32");
        AddShared(endpoints, builder, ApiForm.Endpoints, "endpoints ");
        root.Subcommands.Add(endpoints);

        AddShared(root, builder, ApiForm.Endpoints, "");
        root.Subcommands.Add(AgentCommands.Drain(builder));
        root.Subcommands.Add(AgentCommands.Undrain(builder));
        root.Subcommands.Add(AgentCommands.Health(builder));
        root.Subcommands.Add(RotateCommand.Create(builder));
        root.Subcommands.Add(GenerateKeyCommand.Create(builder));
        root.Subcommands.Add(HashPasswordCommand.Create(builder));
        root.Subcommands.Add(AgentCommands.Version(builder));
        root.Subcommands.Add(CompleteCommand.Create(root, console, options));
        return root;
    }

    private static void AddShared(Command parent, CommandBuilder builder, ApiForm form, string group)
    {
        parent.Subcommands.Add(ListCommand.Create(builder, form, group));
        parent.Subcommands.Add(ShowCommand.Create(builder, form, group));
        parent.Subcommands.Add(AddCommand.Create(builder, form, group));
        parent.Subcommands.Add(DeleteCommand.Create(builder, form, group));
        parent.Subcommands.Add(FailoverCommand.Create(builder, form, group));
        parent.Subcommands.Add(SetHealthChecksCommand.Create(builder, form, group));
        parent.Subcommands.Add(HostsCommand.Create(builder, form, group));
        parent.Subcommands.Add(LockCommand.Create(builder, form, group));
    }
}
