using System.CommandLine;
using System.Text.Json;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client.Commands;

/// <summary><c>list</c></summary>
internal static class ListCommand
{
    public static Command Create(CommandBuilder builder, ApiForm form, string group)
    {
        Command command = builder.Make("list", "list the agent's endpoints", ["ls"], $"{group}list", $"{group}list -o json");
        builder.Run(command, run => RunAsync(run, form));
        return command;
    }

    private static async Task<int> RunAsync(ClientRun run, ApiForm form)
    {
        IReadOnlyList<EndpointAnswer> endpoints = await run.Agent.ListAsync(form, run.Cancel);
        if (run.IsJson)
        {
            run.WriteJson(json =>
            {
                json.WriteStartArray();
                foreach (EndpointAnswer endpoint in endpoints)
                {
                    endpoint.Json.WriteTo(json);
                }

                json.WriteEndArray();
            });
        }
        else if (endpoints.Count == 0 && run.Agent.EtcdTrouble != null)
        {
            run.Output.WriteLine("no endpoints are known yet");
        }
        else if (endpoints.Count == 0)
        {
            run.Output.WriteLine($"no endpoints on {await HostNameAsync(run)}; add one: {ClientProgram.Name} ips add 10.0.0.1/32");
        }
        else
        {
            EndpointTable.Write(run, endpoints);
        }

        if (EtcdNote(run.Agent.EtcdTrouble) is { } note)
            run.Console.Error.WriteLine(note);
        return ExitCode.Ok;
    }

    private static string? EtcdNote(string? trouble) => trouble switch
    {
        null => null,
        "connecting" => $"etcd has not answered since the agent started: {ClientProgram.Name} health",
        "silent" => "etcd does not answer at the moment; this is what the agent knows",
        _ => $"etcd is {trouble}: each endpoint's on_etcd_loss applies, and holders are as last heard",
    };

    private static async Task<string> HostNameAsync(ClientRun run)
    {
        try
        {
            return (await run.Agent.HealthAsync(run.Cancel)).Agent.Hostname is { Length: > 0 } name ? name : run.Agent.Target;
        }
        catch (ApiRefusedException)
        {
            // LinK's agents do not tell their name.
            return run.Agent.Target;
        }
    }
}
