using System.CommandLine;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client.Commands;

/// <summary><c>lock</c></summary>
internal static class LockCommand
{
    public static Command Create(CommandBuilder builder, ApiForm form, string group)
    {
        Command command = builder.Make("lock", "try to take an endpoint now, if no host holds it", [], $"{group}lock 10.0.0.1");
        EndpointIdSymbols endpoint = new();
        endpoint.AddTo(command);
        builder.Run(command, run => RunAsync(run, form, endpoint.Id(run.Parsed)));
        return command;
    }

    private static async Task<int> RunAsync(ClientRun run, ApiForm form, string text)
    {
        EndpointSnapshot endpoint = (await EndpointFinder.FindAsync(run.Agent, form, text, run.Cancel)).Endpoint;
        await run.Agent.LockAsync(form, endpoint.Id, run.Cancel);
        run.Say($"endpoint {endpoint.Id} ({EndpointAddress.Of(endpoint)}) tried for", json =>
        {
            json.WriteStartObject();
            json.WriteString("id", endpoint.Id);
            json.WriteString("result", "tried");
            json.WriteEndObject();
        });
        return ExitCode.Ok;
    }
}
