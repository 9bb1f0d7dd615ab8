using System.CommandLine;
using System.Text.Json;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client.Commands;

/// <summary><c>add</c>: LinK 3's options, or LinK 2's words.</summary>
internal sealed class AddCommand
{
    private readonly ApiForm _form;

    private readonly Argument<string[]> _words = new("CIDR")
    {
        HelpName = "CIDR [TYPE HOST:PORT]...",
        Description = "the address with its prefix, then checks",
        Arity = ArgumentArity.ZeroOrMore,
    };

    private readonly PluginOptions _pluginOptions;
    private readonly Option<string[]> _checks = new("--health-check") { Description = "check that must pass, as \"TCP HOST:PORT\"; may be repeated", HelpName = "CHECK" };
    private readonly Option<string?> _interval = new("--health-check-interval", "--healthcheck-interval") { Description = "seconds between checks [default: the agent's]", HelpName = "SECONDS" };
    private readonly WaitOptions _wait = new("some host holds it and, with a plugin that calls the outside, the first call has ended");

    private AddCommand(ApiForm form)
    {
        _form = form;
        _pluginOptions = new PluginOptions(form);
    }

    public static Command Create(CommandBuilder builder, ApiForm form, string group)
    {
        string[] examples =
        [
            $"{group}add 10.0.0.1/32 --wait",
            $"{group}add --ip 10.0.0.1/32 --interface eth1 --health-check \"TCP 127.0.0.1:80\" --health-check-interval 2",
            $"{group}add 2001:db8::1/128 TCP 127.0.0.1:80",
        ];
        string[] pluginExamples =
        [
            $"{group}add --plugin webhook --url https://lb.example/vip --resource-id front --secret @/root/hook.secret",
            $"{group}add --plugin outscale_public_ip --public-ip-id eipalloc-0a1b2c --nic-id eni-0a1b2c --region eu-west-2 --access-key @ak --secret-key @sk",
            $"{group}add --plugin exec --program /usr/local/lib/link/db-vip --argument primary --resource-id db-vip",
            $"{group}add --plugin webhook --plugin-config - < webhook.json",
        ];
        Command command = builder.Make("add", "add an endpoint to the agent's host", ["create"], form == ApiForm.Ips ? examples : [.. examples, .. pluginExamples]);
        AddCommand add = new(form);
        command.Arguments.Add(add._words);
        add._pluginOptions.AddTo(command);
        command.Options.Add(add._checks);
        command.Options.Add(add._interval);
        add._wait.AddTo(command);
        builder.Run(command, add.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ClientRun run)
    {
        NewEndpoint wish = Wish(run);
        TimeSpan? wait = _wait.Read(run.Parsed);
        EndpointAnswer added = await run.Agent.AddAsync(_form, wish, run.Cancel);
        string id = added.Endpoint.Id;
        if (wait is { } most)
        {
            await StateWaiter.UntilAsync(
                async cancel =>
                {
                    EndpointAnswer? now = await run.Agent.FindAsync(_form, id, cancel);
                    added = now ?? added;
                    return StateWaiter.PendingAdd(now?.Endpoint);
                },
                most,
                run.Cancel);
        }

        EndpointSnapshot endpoint = added.Endpoint;
        if (wait is not null && endpoint.Output == "failed")
        {
            throw new ApiRefusedException(502, $"endpoint {id} ({EndpointAddress.Of(endpoint)}) is added and {endpoint.Status}, but the call to the outside failed, and is tried again: {endpoint.LastError}");
        }

        string state = endpoint.Status.Length == 0 ? "" : $": {endpoint.Status}{(endpoint.Holder is null ? "" : $", holder {endpoint.Holder}")}";
        string reason = endpoint.Reason is null ? "" : $": {endpoint.Reason}";
        run.Say($"endpoint {id} ({EndpointAddress.Of(endpoint)}) added{state}{reason}", added.Json.WriteTo);
        return ExitCode.Ok;
    }

    private NewEndpoint Wish(ClientRun run)
    {
        ParseResult parsed = run.Parsed;
        string[] words = parsed.GetValue(_words) ?? [];
        JsonElement config = _pluginOptions.Config(run, ref words);
        int interval = parsed.GetValue(_interval) is { } seconds ? GlobalOptions.WholeSeconds(_interval.Name, seconds) : 0;
        return new NewEndpoint(_pluginOptions.Plugin(parsed), config, HealthCheckText.Parse(parsed.GetValue(_checks) ?? [], words), interval);
    }
}
