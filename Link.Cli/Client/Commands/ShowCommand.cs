using System.CommandLine;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client.Commands;

/// <summary><c>show</c></summary>
internal static class ShowCommand
{
    public static Command Create(CommandBuilder builder, ApiForm form, string group)
    {
        Command command = builder.Make("show", "show one endpoint", ["get"], $"{group}show 10.0.0.1", $"{group}show vip-5f09 -o json");
        EndpointIdSymbols endpoint = new();
        endpoint.AddTo(command);
        builder.Run(command, run => RunAsync(run, form, endpoint.Id(run.Parsed)));
        return command;
    }

    private static async Task<int> RunAsync(ClientRun run, ApiForm form, string id)
    {
        EndpointAnswer found = await EndpointFinder.FindAsync(run.Agent, form, id, run.Cancel);
        if (run.IsJson)
        {
            run.WriteJson(found.Json.WriteTo);
        }
        else
        {
            EndpointTable.WriteOne(run, found.Endpoint);
        }

        return ExitCode.Ok;
    }
}
