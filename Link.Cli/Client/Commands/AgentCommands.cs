using System.CommandLine;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client.Commands;

/// <summary>Commands about the agent as a whole.</summary>
internal static class AgentCommands
{
    public static Command Drain(CommandBuilder builder)
    {
        Command command = builder.Make("drain", "hand every endpoint over and stay out until undrain", [], "drain");
        builder.Run(command, async run => Tell(run, await run.Agent.DrainAsync(run.Cancel) ?? "drained: this host holds nothing until undrain"));
        return command;
    }

    public static Command Undrain(CommandBuilder builder)
    {
        Command command = builder.Make("undrain", "compete again after drain", [], "undrain");
        builder.Run(command, async run => Tell(run, await run.Agent.UndrainAsync(run.Cancel) ?? "this host competes again"));
        return command;
    }

    public static Command Health(CommandBuilder builder)
    {
        Command command = builder.Make("health", "show how the agent is; exit code 1 when it is not healthy", [], "health", "health -o json");
        builder.Run(command, ShowHealthAsync);
        return command;
    }

    public static Command Version(CommandBuilder builder)
    {
        Command command = builder.Make("version", "show the versions of client and agent", [], "version");
        builder.Run(command, ShowVersionAsync);
        return command;
    }

    private static int Tell(ClientRun run, string message)
    {
        run.Say(message, json =>
        {
            json.WriteStartObject();
            json.WriteString("message", message);
            json.WriteEndObject();
        });
        return ExitCode.Ok;
    }

    private static async Task<int> ShowHealthAsync(ClientRun run)
    {
        HealthAnswer health = await run.Agent.HealthAsync(run.Cancel);
        AgentSnapshot agent = health.Agent;
        if (run.IsJson)
        {
            run.WriteJson(health.Json.WriteTo);
        }
        else
        {
            run.WriteFields(
            [
                ("HEALTHY", agent.Healthy ? "yes" : "no"),
                ("REASON", agent.Reason),
                ("ETCD", agent.EtcdEndpoint is null ? agent.Etcd : $"{agent.Etcd} ({agent.EtcdEndpoint})"),
                ("HOST", agent.Hostname),
                ("VERSION", agent.Version),
                ("DRAINED", agent.Drained ? "yes" : "no"),
                ("ENDPOINTS", $"{agent.Endpoints}, of which {agent.Activated} activated"),
            ]);
        }

        return agent.Healthy ? ExitCode.Ok : ExitCode.Failed;
    }

    private static async Task<int> ShowVersionAsync(ClientRun run)
    {
        if (!run.IsJson)
        {
            // Before the agent is asked: it may not answer.
            run.Output.WriteLine($"client  {ProductVersion.Text}");
        }

        string agent = await run.Agent.VersionAsync(run.Cancel);
        run.Say($"agent   {agent}", json =>
        {
            json.WriteStartObject();
            json.WriteString("client", ProductVersion.Text);
            json.WriteString("agent", agent);
            json.WriteEndObject();
        });
        return ExitCode.Ok;
    }
}
