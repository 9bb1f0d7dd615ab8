using System.CommandLine;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client.Commands;

/// <summary><c>failover</c></summary>
internal static class FailoverCommand
{
    public static Command Create(CommandBuilder builder, ApiForm form, string group)
    {
        Command command = builder.Make("failover", "hand an endpoint that this host holds to another host", [], $"{group}failover 10.0.0.1 --wait", $"{group}failover vip-5f09 --to web-2");
        EndpointIdSymbols endpoint = new();
        Option<string?> to = new("--to") { Description = "the host that shall hold it [default: any]", HelpName = "HOST" };
        WaitOptions wait = new("another host holds it");
        endpoint.AddTo(command);
        command.Options.Add(to);
        wait.AddTo(command);
        builder.Run(command, run => RunAsync(run, form, endpoint.Id(run.Parsed), run.Parsed.GetValue(to), wait.Read(run.Parsed)));
        return command;
    }

    private static async Task<int> RunAsync(ClientRun run, ApiForm form, string text, string? toHost, TimeSpan? wait)
    {
        EndpointSnapshot before = (await EndpointFinder.FindAsync(run.Agent, form, text, run.Cancel)).Endpoint;
        await run.Agent.FailoverAsync(form, before.Id, toHost, run.Cancel);
        EndpointSnapshot? after = null;
        if (wait is { } most)
        {
            await StateWaiter.UntilAsync(
                async cancel =>
                {
                    after = (await run.Agent.FindAsync(form, before.Id, cancel))?.Endpoint;
                    return StateWaiter.PendingFailover(after, before.Holder, toHost);
                },
                most,
                run.Cancel);
        }

        string? holder = after?.Holder ?? toHost;
        run.Say($"endpoint {before.Id} ({EndpointAddress.Of(before)}) handed over{(holder is null ? "" : $" to {holder}")}", json =>
        {
            json.WriteStartObject();
            json.WriteString("id", before.Id);
            json.WriteString("result", "handed over");
            if (holder is not null)
            {
                json.WriteString("holder", holder);
            }

            json.WriteEndObject();
        });
        return ExitCode.Ok;
    }
}
