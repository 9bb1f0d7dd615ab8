using System.CommandLine;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client.Commands;

/// <summary><c>delete</c></summary>
internal static class DeleteCommand
{
    public static Command Create(CommandBuilder builder, ApiForm form, string group)
    {
        Command command = builder.Make("delete", "take an endpoint off the agent's host; other hosts keep theirs", ["destroy"], $"{group}delete 10.0.0.1 --wait");
        EndpointIdSymbols endpoint = new();
        WaitOptions wait = new("it is gone");
        endpoint.AddTo(command);
        wait.AddTo(command);
        builder.Run(command, run => RunAsync(run, form, endpoint.Id(run.Parsed), wait.Read(run.Parsed)));
        return command;
    }

    private static async Task<int> RunAsync(ClientRun run, ApiForm form, string text, TimeSpan? wait)
    {
        EndpointSnapshot endpoint = (await EndpointFinder.FindAsync(run.Agent, form, text, run.Cancel)).Endpoint;
        await run.Agent.DeleteAsync(form, endpoint.Id, run.Cancel);
        if (wait is { } most)
        {
            await StateWaiter.UntilAsync(
                async cancel => await run.Agent.FindAsync(form, endpoint.Id, cancel) is { } now ? $"{now.Endpoint.Id} is {now.Endpoint.Status}" : null,
                most,
                run.Cancel);
        }

        run.Say($"endpoint {endpoint.Id} ({EndpointAddress.Of(endpoint)}) deleted", json =>
        {
            json.WriteStartObject();
            json.WriteString("id", endpoint.Id);
            json.WriteString("result", "deleted");
            json.WriteEndObject();
        });
        return ExitCode.Ok;
    }
}
