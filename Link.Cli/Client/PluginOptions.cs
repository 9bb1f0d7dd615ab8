using System.CommandLine;
using System.Text.Json;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client;

/// <summary>A plugin's configuration on the command line: its fields as options, or all of it as <c>--plugin-config</c>.</summary>
internal sealed class PluginOptions
{
    private const string Arp = "arp";
    private const string Webhook = "webhook";
    private const string Outscale = "outscale_public_ip";
    private const string Exec = "exec";

    private readonly Option<string?> _plugin = new("--plugin") { Description = $"what holds the endpoint: {Arp}, {Outscale}, {Webhook} or {Exec} [default: {Arp}]", HelpName = "NAME", CompletionSources = { Arp, Outscale, Webhook, Exec } };

    private readonly Option<string?> _config = new("--plugin-config")
    {
        Description = "all of the plugin's configuration, instead of the options of its fields: a JSON object, @FILE, or - for the standard input",
        HelpName = "JSON",
    };

    private readonly PluginField[] _fields;
    private readonly bool _arpOnly;

    public PluginOptions(ApiForm form)
    {
        _arpOnly = form == ApiForm.Ips;
        _fields = _arpOnly ? Array.FindAll(Fields(), field => field.IsFor(Arp)) : Fields();
    }

    public void AddTo(Command command)
    {
        if (!_arpOnly)
        {
            command.Options.Add(_plugin);
            command.Options.Add(_config);
        }

        foreach (PluginField field in _fields)
        {
            command.Options.Add(field.Option);
        }
    }

    public string Plugin(ParseResult parsed) => (_arpOnly ? null : parsed.GetValue(_plugin)) ?? Arp;

    /// <param name="run">The command line, and where secrets may come from.</param>
    /// <param name="words">The words of the command line; an address is taken away from their start.</param>
    public JsonElement Config(ClientRun run, ref string[] words)
    {
        string plugin = Plugin(run.Parsed);
        if (Array.Find(_fields, field => field.IsGiven(run.Parsed) && !field.IsFor(plugin)) is { } foreign)
        {
            throw new UsageException($"{foreign.Option.Name} is for plugin {string.Join(" or ", foreign.Plugins)}, not for {plugin}");
        }

        GivenText given = new(run.Console, run.Cancel);
        return !_arpOnly && run.Parsed.GetValue(_config) is { } whole
            ? Whole(run.Parsed, plugin, words, given.Read(_config.Name, whole))
            : OfFields(run, plugin, given, ref words);
    }

    private JsonElement Whole(ParseResult parsed, string plugin, string[] words, string text)
    {
        if (Array.Find(_fields, field => field.IsGiven(parsed)) is { } twice)
        {
            throw new UsageException($"--plugin-config is all of the configuration; leave out {twice.Option.Name}");
        }

        if (plugin == Arp && words.Length % 2 != 0)
        {
            throw new UsageException($"--plugin-config is all of the configuration; leave out {words[0]}");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new UsageException("--plugin-config is no JSON object");
        }
        catch (JsonException broken)
        {
            throw new UsageException($"--plugin-config is no JSON; see line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1}");
        }
    }

    private JsonElement OfFields(ClientRun run, string plugin, GivenText given, ref string[] words)
    {
        PluginField[] fields = Array.FindAll(_fields, field => field.IsFor(plugin));
        if (fields.Length == 0)
        {
            throw new UsageException($"plugin {plugin} needs --plugin-config JSON");
        }

        string? address = null;
        if (plugin == Arp && !Array.Exists(fields, field => field.IsNeeded && field.IsGiven(run.Parsed)))
        {
            (address, words) = words is [string first, .. string[] rest] ? (first, rest) : throw new UsageException("which address? Give it with its prefix, such as 10.0.0.1/32");
        }

        List<string> missing = [];
        ReadOnlyMemory<byte> text = ApiJson.Write(json =>
        {
            json.WriteStartObject();
            if (address is not null)
            {
                json.WriteString("ip", address);
            }

            foreach (PluginField field in fields)
            {
                if (!field.Write(json, run, given) && field.IsNeeded && plugin != Arp)
                {
                    missing.Add(field.Kind == PluginFieldKind.Secret ? $"{field.Option.Name} (or {field.Variable})" : field.Option.Name);
                }
            }

            json.WriteEndObject();
        });
        if (missing.Count > 0)
        {
            throw new UsageException($"plugin {plugin} needs {string.Join(", ", missing)}; or --plugin-config JSON");
        }

        using JsonDocument document = JsonDocument.Parse(text);
        return document.RootElement.Clone();
    }

    private static PluginField[] Fields() => Fields(
        Many("--argument", "TEXT", $"{Exec}: an argument, --argument=-x if it starts with a dash; may be repeated. ACTIVATED or STANDBY follows them"));

    private static PluginField[] Fields(Option<string[]> arguments) =>
    [
        new("ip", PluginFieldKind.Text, One("--ip", "CIDR", "same as CIDR"), [Arp], IsNeeded: true),
        new("interface", PluginFieldKind.Text, One("--interface", "NAME", "where the address goes [default: the agent's INTERFACE]"), [Arp]),

        new("access_key", PluginFieldKind.Secret, Secret("--access-key", Outscale, "LINK_PLUGIN_ACCESS_KEY"), [Outscale], IsNeeded: true),
        new("secret_key", PluginFieldKind.Secret, Secret("--secret-key", Outscale, "LINK_PLUGIN_SECRET_KEY"), [Outscale], IsNeeded: true),
        new("region", PluginFieldKind.Text, One("--region", "REGION", $"{Outscale}: region, such as eu-west-2"), [Outscale], IsNeeded: true),
        new("public_ip_id", PluginFieldKind.Text, One("--public-ip-id", "ID", $"{Outscale}: the public IP, eipalloc-..."), [Outscale], IsNeeded: true),
        new("nic_id", PluginFieldKind.Text, One("--nic-id", "ID", $"{Outscale}: this host's NIC, eni-..."), [Outscale], IsNeeded: true),

        new("url", PluginFieldKind.Text, One("--url", "URL", $"{Webhook}: where to POST"), [Webhook], IsNeeded: true),
        new("headers", PluginFieldKind.Headers, Many("--header", "HEADER", $"{Webhook}: \"Name: value\", \"Name: @FILE\" or \"Name: -\"; may be repeated"), [Webhook]),
        new("secret", PluginFieldKind.Secret, Secret("--secret", Webhook, "LINK_PLUGIN_SECRET"), [Webhook], IsNeeded: true),
        new("ca", PluginFieldKind.File, One("--ca", "FILE", $"{Webhook}: PEM file with the only CAs to trust, or -; its text is stored"), [Webhook]),

        new("command", PluginFieldKind.Command, One("--program", "PATH", $"{Exec}: program on the agent's host, below its EXEC_DIRECTORIES"), [Exec], IsNeeded: true) { Rest = arguments },
        new("command", PluginFieldKind.Following, arguments, [Exec]),
        new("resource_id", PluginFieldKind.Text, One("--resource-id", "ID", $"{Webhook}, {Exec}: hosts with the same ID compete"), [Webhook, Exec], IsNeeded: true),
        new("environment", PluginFieldKind.Variables, Many("--exec-env", "NAME=VALUE", $"{Exec}: variable for the program, also NAME=@FILE or NAME=- (standard input); may be repeated"), [Exec]),
        new("timeout", PluginFieldKind.WholeNumber, One("--exec-timeout", "SECONDS", $"{Exec}: the longest that one run may take, 1 to 300 [default: 10]"), [Exec]),
        new("ip", PluginFieldKind.Text, One("--exec-ip", "IP", $"{Exec}: address, with or without its prefix, that the program gets as LINK_IP"), [Exec]),
        new("refresh_interval", PluginFieldKind.WholeNumber, One("--exec-refresh-interval", "SECONDS", $"{Exec}: run again while activated [default: 0, never]"), [Exec]),

        new("on_etcd_loss", PluginFieldKind.Text, Policy(), [Arp, Outscale, Webhook, Exec]),
    ];

    private static Option<string?> One(string name, string helpName, string description) => new(name) { Description = description, HelpName = helpName };

    private static Option<string[]> Many(string name, string helpName, string description) => new(name) { Description = description, HelpName = helpName };

    private static Option<string?> Policy()
    {
        Option<string?> policy = One("--on-etcd-loss", "POLICY", "claim, hold or release [default: the agent's]");
        policy.CompletionSources.Add("claim", "hold", "release");
        return policy;
    }

    private static Option<string?> Secret(string name, string plugin, string variable) =>
        One(name, "SECRET", $"{plugin}: as @FILE or - (standard input), or in env {variable}; as it is, other users see it");
}
