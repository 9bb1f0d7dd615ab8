using System.CommandLine;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client.Commands;

/// <summary><c>hosts</c></summary>
internal static class HostsCommand
{
    public static Command Create(CommandBuilder builder, ApiForm form, string group)
    {
        Command command = builder.Make("hosts", "list the hosts that compete for an endpoint", [], $"{group}hosts 10.0.0.1");
        EndpointIdSymbols endpoint = new();
        endpoint.AddTo(command);
        builder.Run(command, run => RunAsync(run, form, endpoint.Id(run.Parsed)));
        return command;
    }

    private static async Task<int> RunAsync(ClientRun run, ApiForm form, string text)
    {
        EndpointSnapshot endpoint = (await EndpointFinder.FindAsync(run.Agent, form, text, run.Cancel)).Endpoint;
        IReadOnlyList<string> hosts = await run.Agent.HostsAsync(form, endpoint.Id, run.Cancel);
        if (run.IsJson)
        {
            run.WriteJson(json =>
            {
                json.WriteStartArray();
                foreach (string host in hosts)
                {
                    json.WriteStartObject();
                    json.WriteString("hostname", host);
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            });
            return ExitCode.Ok;
        }

        Table table = new("HOSTNAME", "HOLDS");
        foreach (string host in hosts)
        {
            table.Add(host, host == endpoint.Holder ? "yes" : null);
        }

        table.Write(run.Output, run.Paint);
        return ExitCode.Ok;
    }
}
