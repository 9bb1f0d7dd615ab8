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

    private readonly Option<string?> _ip = new("--ip") { Description = "same as CIDR", HelpName = "CIDR" };
    private readonly Option<string?> _plugin = new("--plugin") { Description = "what holds the endpoint [default: arp]", HelpName = "NAME" };
    private readonly Option<string?> _config = new("--plugin-config") { Description = "the plugin's configuration, for plugins other than arp", HelpName = "JSON" };
    private readonly Option<string?> _interface = new("--interface") { Description = "where the address goes [default: the agent's INTERFACE]", HelpName = "NAME" };
    private readonly Option<string?> _onEtcdLoss = new("--on-etcd-loss") { Description = "claim, hold or release [default: the agent's]", HelpName = "POLICY" };
    private readonly Option<string[]> _checks = new("--health-check") { Description = "check that must pass, as \"TCP HOST:PORT\"; may be repeated", HelpName = "CHECK" };
    private readonly Option<int> _interval = new("--health-check-interval", "--healthcheck-interval") { Description = "seconds between checks [default: the agent's]", HelpName = "SECONDS" };
    private readonly WaitOptions _wait = new("some host holds it");

    private AddCommand(ApiForm form) => _form = form;

    public static Command Create(CommandBuilder builder, ApiForm form, string group)
    {
        Command command = builder.Make(
            "add",
            "add an endpoint to the agent's host",
            ["create"],
            $"{group}add 10.0.0.1/32 --wait",
            $"{group}add --ip 10.0.0.1/32 --interface eth1 --health-check \"TCP 127.0.0.1:80\" --health-check-interval 2",
            $"{group}add 2001:db8::1/128 TCP 127.0.0.1:80");
        AddCommand add = new(form);
        command.Arguments.Add(add._words);
        command.Options.Add(add._ip);
        if (form == ApiForm.Endpoints)
        {
            command.Options.Add(add._plugin);
            command.Options.Add(add._config);
        }

        command.Options.Add(add._interface);
        command.Options.Add(add._onEtcdLoss);
        command.Options.Add(add._checks);
        command.Options.Add(add._interval);
        add._wait.AddTo(command);
        builder.Run(command, add.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ClientRun run)
    {
        NewEndpoint wish = Wish(run.Parsed);
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
        string state = endpoint.Status.Length == 0 ? "" : $": {endpoint.Status}{(endpoint.Holder is null ? "" : $", holder {endpoint.Holder}")}";
        run.Say($"endpoint {id} ({EndpointAddress.Of(endpoint)}) added{state}", added.Json.WriteTo);
        return ExitCode.Ok;
    }

    private NewEndpoint Wish(ParseResult parsed)
    {
        string plugin = _form == ApiForm.Endpoints ? parsed.GetValue(_plugin) ?? "arp" : "arp";
        string[] words = parsed.GetValue(_words) ?? [];
        JsonElement config = plugin == "arp" ? ArpConfig(parsed, ref words) : OtherConfig(parsed, plugin);
        return new NewEndpoint(plugin, config, HealthCheckText.Parse(parsed.GetValue(_checks) ?? [], words), parsed.GetValue(_interval));
    }

    private JsonElement ArpConfig(ParseResult parsed, ref string[] words)
    {
        string? ip = parsed.GetValue(_ip);
        if (ip is null)
        {
            (ip, words) = words is [string first, .. string[] rest] ? (first, rest) : throw new UsageException("which address? Give it with its prefix, such as 10.0.0.1/32");
        }

        if (_form == ApiForm.Endpoints && parsed.GetValue(_config) is not null)
        {
            throw new UsageException("--plugin-config is for plugins other than arp");
        }

        ReadOnlyMemory<byte> text = ApiJson.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("ip", ip);
            if (parsed.GetValue(_interface) is { } name)
            {
                json.WriteString("interface", name);
            }

            if (parsed.GetValue(_onEtcdLoss) is { } policy)
            {
                json.WriteString("on_etcd_loss", policy);
            }

            json.WriteEndObject();
        });
        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private JsonElement OtherConfig(ParseResult parsed, string plugin)
    {
        string text = parsed.GetValue(_config) ?? throw new UsageException($"plugin {plugin} needs --plugin-config JSON");
        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new UsageException("--plugin-config is no JSON object");
        }
        catch (JsonException broken)
        {
            throw new UsageException($"--plugin-config is no JSON: {broken.Message}");
        }
    }
}
