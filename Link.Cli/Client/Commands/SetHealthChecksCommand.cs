using System.CommandLine;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client.Commands;

/// <summary><c>set-health-checks</c>; LinK 2 called it <c>update-healthchecks</c>.</summary>
internal static class SetHealthChecksCommand
{
    public static Command Create(CommandBuilder builder, ApiForm form, string group)
    {
        Command command = builder.Make(
            "set-health-checks",
            "replace an endpoint's checks; without checks, remove them",
            ["update-healthchecks"],
            $"{group}set-health-checks 10.0.0.1 --health-check \"TCP 127.0.0.1:80\"",
            $"{group}update-healthchecks vip-5f09 TCP 127.0.0.1:80 TCP 127.0.0.1:443");
        EndpointIdSymbols endpoint = new("TYPE_HOST:PORT");
        Option<string[]> checks = new("--health-check") { Description = "check that must pass, as \"TCP HOST:PORT\"; may be repeated", HelpName = "CHECK" };
        endpoint.AddTo(command);
        command.Options.Add(checks);
        builder.Run(command, run =>
        {
            (string id, string[] words) = endpoint.Read(run.Parsed);
            return RunAsync(run, form, id, HealthCheckText.Parse(run.Parsed.GetValue(checks) ?? [], words));
        });
        return command;
    }

    private static async Task<int> RunAsync(ClientRun run, ApiForm form, string text, IReadOnlyList<HealthCheckContract> checks)
    {
        EndpointSnapshot endpoint = (await EndpointFinder.FindAsync(run.Agent, form, text, run.Cancel)).Endpoint;
        EndpointAnswer changed = await run.Agent.SetChecksAsync(form, endpoint.Id, checks, run.Cancel);
        string what = checks.Count == 0 ? "has no checks any more" : $"is checked by {HealthCheckText.Format(checks)}";
        run.Say($"endpoint {endpoint.Id} ({EndpointAddress.Of(endpoint)}) {what}", changed.Json.WriteTo);
        return ExitCode.Ok;
    }
}
