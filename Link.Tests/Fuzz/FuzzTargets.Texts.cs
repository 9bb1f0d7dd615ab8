using System.Text;
using Link.Cli.Client;
using Link.Cli.CommandLine;
using Link.Core.Agent;
using Link.Core.Agent.Systemd;
using Link.Core.Etcd;
using Link.Core.Logging;
using Link.Core.Net;
using Link.Core.Plugins;
using Link.Core.Plugins.Arp;
using Link.Core.Plugins.Outscale;
using Link.Core.Storage;
using Link.Tests.Fuzz.Mutators;

namespace Link.Tests.Fuzz;

/// <summary>Texts of the environment, the command line and of keys, and what is made of others' texts for people.</summary>
internal static partial class FuzzTargets
{
    private static readonly string[] s_variables =
    [
        "HOSTNAME", "INTERFACE", "USER", "PASSWORD", "PORT", "BIND", "SOCKET", "KEEPALIVE_INTERVAL", "KEEPALIVE_RETRY", "ETCD_HOSTS", "ETCD_USER", "PLUGIN_ENSURE_INTERVAL", "ARP_GRATUITOUS_INTERVAL",
        "MAX_NUMBER_OF_ENDPOINTS", "SECRET_STORAGE_ENCRYPTION_KEY", "SECRET_STORAGE_FORMAT", "OSC_ENDPOINT_API", "EXEC_DIRECTORIES", "ON_ETCD_LOSS", "API_TLS_CERT", "LOG_LEVEL",
    ];

    private static FuzzTarget[] Texts()
    {
        string[] corpus =
        [
            "1h30m", "1.5s", "300ms", "-2us", "0", "10.0.0.1/32", "2001:db8::1/128", "::ffff:10.0.0.1/96", "http://10.0.0.1:2379,https://u:p@h:1", "https://api.eu-west-2.outscale.com/api/v1", "TCP 10.0.0.9:80,TCP [::1]:1",
            "/link/hosts/h/vip-1", "/link/secrets/hosts/h/vip-1/sec-1", "/link/ips/webhook/a/b/h", "/link/default/10.0.0.1_32", "boot/pid:[1]/1/2", "eth0", "/run/systemd/notify", "@link", "30000000", "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf",
            "all", "127.0.0.1,::1", "hold", "none",
        ];
        var mutator = new ByteMutator([.. corpus.Select(FuzzText.Utf8)], "h", "m", "s", "ms", "ns", ".", "/", ":", "[", "]", "@", "://", "http://", ",", " ", "-", "%", "vip-", "/link/", "TCP ");
        return
        [
            new FuzzTarget("texts", mutator.Make, static input => ReadText(FuzzText.Of(input)))
            {
                Share = 300,
                InputsInTest = 50_000,
                MostPerByte = 200,
                MostAtAll = 64 * 1024,
                Growths =
                [
                    new FuzzGrowth("digits", static size => FuzzText.Utf8(new string('9', size))),
                    new FuzzGrowth("durations", static size => FuzzText.Utf8(FuzzText.Repeat("1ns", size))),
                    new FuzzGrowth("users_in_urls", static size => FuzzText.Utf8(FuzzText.Repeat("//a@", size))),
                    new FuzzGrowth("slashes", static size => FuzzText.Utf8(new string('/', size))),
                    new FuzzGrowth("colons", static size => FuzzText.Utf8(new string(':', size))),
                    new FuzzGrowth("at_signs", static size => FuzzText.Utf8($"//{new string('@', size)}")),
                    new FuzzGrowth("percent_signs", static size => FuzzText.Utf8($"http://{FuzzText.Repeat("%41", size)}@h")),
                    new FuzzGrowth("spaces", static size => FuzzText.Utf8(new string(' ', size))),
                    new FuzzGrowth("formatting", static size => FuzzText.Utf8(new string('\u200b', size))),
                    new FuzzGrowth("quotes", static size => FuzzText.Utf8(new string('"', size))),
                ],
            },
            new FuzzTarget("environment", mutator.Make, static input => ReadEnvironment(input))
            {
                Share = 60,
                InputsInTest = 4_000,
                // Each wrong part of a list is told, with the list's beginning.
                MostPerByte = 1500,
                MostAtAll = 128 * 1024,
            },
        ];
    }

    private static void ReadText(string text)
    {
        if (GoDuration.TryParse(text, out TimeSpan duration, out string? error))
            Require(GoDuration.TryParse(GoDuration.Format(duration), out TimeSpan again, out _) && again == duration, "a duration that reads otherwise when it is written");
        Require(error is null or { Length: > 0 }, "no reason");
        CidrAddress? address = CidrAddress.Parse(text, out string? fault);
        Require(address is null != fault is null, "neither an address nor a fault");
        Require(fault is null || (fault.Length < 300 && !fault.Any(char.IsControl)), "a fault that is not one line");
        Require(address is null || VirtualAddress.Parse($"{address.Address}/{address.PrefixLength}").Host == HostAddress.From(address.Address), "an address that the network reads otherwise");
        _ = address?.Fault();
        _ = VirtualAddress.TryParse(text, out _);
        _ = HostAddress.TryParse(text, out _);
        _ = InterfaceName.Fault(text);
        _ = OutscaleEndpoint.Parse(text, out _);
        _ = EndpointId.IsValid(text);
        _ = ProcessIdentity.IsGone(text);
        _ = KeyLayout.TryParseLock(text, out _) || KeyLayout.TryParseHost(text, out _) || KeyLayout.TryParseAgent(text, out _);
        if (KeyLayout.TryParseCompetitor(text, out string key, out string host))
            Require(KeyLayout.Competitor(key, host) == text, "a competitor of another key");
        if (KeyLayout.TryParseEndpoint(text, out host, out string id))
            Require(KeyLayout.Endpoint(host, id) == text, "an endpoint of another key");
        if (KeyLayout.TryParseSecret(text, out host, out id, out string secret))
            Require(KeyLayout.Secret(host, id, secret) == text, "a secret of another key");
        try
        {
            _ = HealthCheckText.Format(HealthCheckText.Parse([text], []));
        }
        catch (UsageException)
        {
            // That is how a command line is refused.
        }

        string line = ForeignText.OneLine(text);
        Require(line.Length <= 201 && !line.Any(char.IsControl) && ForeignText.OneLine(line) == line, "one line that is none");
        Require(!LogLine.Format(LogFormat.Journal, default, LogLevel.Info, text, [("a", text)]).Any(char.IsControl), "a control character in the log");
        Require(!UrlPassword.Hide($"http://user:hidden{text.Replace("/", "", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal)}@h/").Contains("user:hidden", StringComparison.Ordinal) || text.Any(char.IsWhiteSpace), "a password is shown");
    }

    private static void ReadEnvironment(byte[] input)
    {
        string text = FuzzText.Of(input);
        var environment = new Dictionary<string, string> { ["ETCD_HOSTS"] = "http://10.0.0.1:2379", ["INTERFACE"] = "eth0" };
        // The file of a secret is not read here.
        int variable = input.Length == 0 ? 0 : input[^1] % s_variables.Length;
        environment[s_variables[variable]] = text;
        AgentOptionsResult read = AgentOptions.Read(environment, "h");
        Require(read.Options is null == read.Faults.Count > 0, "neither options nor faults");
        Require(read.Faults.All(static line => line.Length < 800 && !line.Contains('\n')), "a fault that is not one line");
        List<string> faults = [];
        EtcdOptions etcd = EtcdOptions.Parse(text, faults);
        Require(etcd.Password is not { Length: > 2 } password || !etcd.ToString().Contains($":{password}@", StringComparison.Ordinal), "etcd's password is shown");
        using var systemd = new SystemdNotifier(new Dictionary<string, string> { ["NOTIFY_SOCKET"] = text, ["WATCHDOG_USEC"] = text, ["WATCHDOG_PID"] = "" });
        Require(systemd.WatchdogTimeout is null || systemd.WatchdogTimeout > TimeSpan.Zero, "a watchdog that is never fed");
    }
}
