using System.Text.Json;
using Link.Core.Plugins;
using Link.Core.Plugins.Arp;
using Link.Core.Plugins.Exec;
using Link.Core.Plugins.Outscale;
using Link.Core.Plugins.Webhook;
using Link.Core.Secrets;
using Link.Core.Storage;
using Link.Tests.Fuzz.Mutators;
using Link.Tests.Simulation;

namespace Link.Tests.Fuzz;

/// <summary>Plugins' configurations, and what answers them outside.</summary>
internal static partial class FuzzTargets
{
    private static readonly string[] s_plugins = [ArpPlugin.PluginName, WebhookPlugin.PluginName, OutscalePlugin.PluginName, ExecPlugin.PluginName];
    private static readonly string[] s_secrets = ["a-secret-of-the-receiver", "Bearer abc.def-ghi", "two\nlines of text", "\u00e9\"<&"];
    private static readonly OutscaleCredentials s_credentials = new(new Secret("ABCDEFGHIJKLMNOPQRST"), new Secret("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZABCD"));

    private static FuzzTarget[] Plugins()
    {
        var configs = new JsonMutator(
        [
            """{"ip":"10.0.0.1/32","interface":"eth0","on_etcd_loss":"claim"}""",
            """{"ip":"2001:db8::1/64"}""",
            """{"url":"https://lb.example/vip?a=b","headers":{"Authorization":"Bearer a b","X-A":""},"secret":"s","resource_id":"a/b:c","ca":"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n","on_etcd_loss":"hold"}""",
            """{"access_key":"ABCDEFGHIJKLMNOPQRST","secret_key":"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZABCD","region":"eu-west-2","public_ip_id":"eipalloc-12345678","nic_id":"eni-12345678","on_etcd_loss":"release"}""",
            """{"resource_id":"db-vip","command":["/usr/local/lib/link/notify","primary"],"ip":"10.0.0.1/32","timeout":5,"refresh_interval":60,"environment":{"PGPORT":"5432","A":"b"}}""",
        ]);
        var answers = new JsonMutator(
        [
            """{"PublicIps":[{"PublicIpId":"eipalloc-12345678","LinkPublicIpId":"eipassoc-1","NicId":"eni-1"},{"PublicIpId":4,"NicId":null}],"ResponseContext":{"RequestId":"x"}}""",
            """{"Errors":[{"Code":"4078","Type":"InvalidParameterValue","Details":"a b"}],"ResponseContext":{"RequestId":"475ca31e-1c4d-4f7c-b2a4-0a1b2c3d4e5f"}}""",
            """{"message":"a-secret-of-the-receiver Bearer abc.def-ghi"}""",
        ]);
        var output = new ByteMutator(["line one\nline two\n"u8.ToArray(), .. s_secrets.Select(FuzzText.Utf8), [.. "\e[31m"u8, 0xff, 0xfe, .. "\r\n\r\n\0"u8]], s_secrets);
        var pem = new ByteMutator([FuzzText.Utf8(s_pem)], "-----BEGIN CERTIFICATE-----\n", "-----END CERTIFICATE-----\n", "-----BEGIN A-----", "MIIB", "=", "\n");
        return
        [
            new FuzzTarget("plugin-configs", random => [(byte)random.Below(8), .. configs.Make(random)], static input =>
            {
                if (input.Length == 0 || !JsonText.IsSound(input.AsSpan(1)))
                    return;
                using JsonDocument config = JsonDocument.Parse(input.AsMemory(1));
                ReadConfig(s_plugins[input[0] / 2 % 4], config.RootElement, stored: input[0] % 2 == 1);
            })
            {
                Refusals = [typeof(JsonException), Type.GetType("System.Text.Json.JsonReaderException, System.Text.Json", throwOnError: true)!],
                Share = 200,
                InputsInTest = 30_000,
                MostPerByte = 96,
                Growths =
                [
                    new FuzzGrowth("unknown_fields", static size => Body(0, $"{{\"ip\":\"10.0.0.1/32\",{Numbered("\"f{0}\":1", size / 9)}}}")),
                    new FuzzGrowth("wrong_headers", static size => Body(3, $"{{\"headers\":{{{Numbered("\"h{0}\":1", size / 9)}}}}}")),
                    new FuzzGrowth("reserved_variables", static size => Body(6, $"{{\"environment\":{{{Numbered("\"LD_{0}\":\"\"", size / 12)}}}}}")),
                    new FuzzGrowth("wrong_variables", static size => Body(6, $"{{\"environment\":{{{Numbered("\"-{0}\":\"\"", size / 10)}}}}}")),
                    new FuzzGrowth("arguments", static size => Body(6, $"{{\"command\":[{FuzzText.Repeat("\"a\"", size, ",")}]}}")),
                    new FuzzGrowth("a_path_of_slashes", static size => Body(6, $"{{\"command\":[\"{new string('/', size)}\"]}}")),
                    new FuzzGrowth("a_long_url", static size => Body(2, $"{{\"url\":\"http://{new string('a', size)}\"}}")),
                    new FuzzGrowth("a_long_user_in_a_url", static size => Body(3, $"{{\"url\":\"http://{new string('@', size)}\"}}")),
                    new FuzzGrowth("a_long_address", static size => Body(1, $"{{\"ip\":\"{FuzzText.Repeat("1:", size)}\"}}")),
                    new FuzzGrowth("a_long_region", static size => Body(5, $"{{\"region\":\"{new string('a', size)}-\"}}")),
                    new FuzzGrowth("a_long_ca", static size => Body(2, JsonSerializer.Serialize(new Dictionary<string, string> { ["ca"] = FuzzText.Repeat("-----BEGIN A-----\n", Math.Min(size, 60_000)) }))),
                ],
            },
            new FuzzTarget("outscale-answers", random => [(byte)random.Below(16), .. answers.Make(random)], ReadOutscale)
            {
                Share = 150,
                InputsInTest = 20_000,
                MostPerByte = 192,
                Growths = [new FuzzGrowth("public_ips", static size => Body(0, $"{{\"PublicIps\":[{FuzzText.Repeat("{\"PublicIpId\":\"a\"}", size, ",")}]}}"))],
            },
            new FuzzTarget("webhook-answers", random => [(byte)random.Below(16), .. random.Chance(0.5) ? answers.Make(random) : output.Make(random)], ReadRefusal)
            {
                Share = 60,
                InputsInTest = 8_000,
                MostPerByte = 128,
                MostAtAll = 128 * 1024,
                Growths =
                [
                    new FuzzGrowth("a_secret_again_and_again", static size => Body(0, FuzzText.Repeat(s_secrets[0], size, " "))),
                    new FuzzGrowth("white_space", static size => Body(0, new string(' ', size))),
                ],
            },
            new FuzzTarget("program-output", random => [(byte)random.Below(200), .. output.Make(random)], ReadProgram)
            {
                Share = 150,
                InputsInTest = 20_000,
                // Of what a program writes the last 8 KiB are kept, and copied once for each secret in it.
                MostPerByte = 64,
                MostAtAll = 512 * 1024,
                Growths = [new FuzzGrowth("lines", static size => Body(100, new string('\n', size)))],
            },
            new FuzzTarget("pem", pem.Make, static input =>
            {
                bool isRead = OutboundHttp.ReadCa(FuzzText.Of(input), out string? fault) is not null;
                Require(isRead == fault is null && fault is null or { Length: < 400 }, "neither certificates nor a fault");
            })
            {
                Share = 20,
                InputsInTest = 3_000,
                MostPerByte = 64,
                MostAtAll = 256 * 1024,
            },
        ];
    }

    private static readonly string s_pem = Certificate();

    private static string Certificate()
    {
        using var authority = new Support.TestAuthority();
        return authority.CaPem;
    }

    /// <summary>Reads a configuration, and what is written of it once more.</summary>
    /// <returns>Null: there is no such plugin.</returns>
    internal static Validated<PluginConfig>? ReadConfig(string plugin, JsonElement config, bool stored)
    {
        if (Read(plugin, config, stored) is not { } read)
            return null;
        _ = KeyOf(plugin, config);
        Require(read.Value is null == read.Errors.Count > 0, "neither a configuration nor what is wrong with it");
        Require(read.Errors.Count <= 20 && read.Errors.All(static error => error.Key.Length < 200 && error.Value.All(static line => line.Length < 600 && !line.Any(char.IsControl))), "errors that are not a page");
        if (read.Value is not { } value)
            return read;
        Require(value.ElectionKey.Length > 0, "no election key");
        using JsonDocument again = JsonDocument.Parse(value.ToJson());
        Validated<PluginConfig> second = Read(plugin, again.RootElement, stored: true)!;
        Require(second.Value?.ElectionKey == value.ElectionKey && second.Value.ToJson() == value.ToJson(), "what is written of it reads otherwise");
        return read;
    }

    private static Validated<PluginConfig>? Read(string plugin, JsonElement config, bool stored)
    {
        return plugin switch
        {
            ArpPlugin.PluginName => Plain(ArpConfig.Read(config, stored)),
            WebhookPlugin.PluginName => Plain(WebhookConfig.Read(config, stored)),
            OutscalePlugin.PluginName => Plain(OutscaleConfig.Read(config, stored, new OutscaleOptions { RefreshInterval = TimeSpan.FromMinutes(1) })),
            ExecPlugin.PluginName => Plain(ExecConfig.Read(config, stored, new ProgramVariables([]))),
            _ => null,
        };

        static Validated<PluginConfig> Plain<T>(Validated<T> read)
            where T : PluginConfig => new(read.Value, read.Errors);
    }

    private static string? KeyOf(string plugin, JsonElement config) => plugin switch
    {
        WebhookPlugin.PluginName => WebhookConfig.FindElectionKey(config),
        OutscalePlugin.PluginName => OutscaleConfig.FindElectionKey(config),
        ExecPlugin.PluginName => ExecConfig.FindElectionKey(config),
        _ => null,
    };

    private static OutboundAnswer Answer(byte[] input, out int status)
    {
        int kind = input.Length == 0 ? 0 : input[0];
        status = new[] { 200, 301, 400, 401, 403, 404, 409, 413, 429, 500, 503, 999, 100, 422, 502, 600 }[kind % 16];
        byte[] body = input.Length == 0 ? [] : input[1..Math.Min(input.Length, OutboundHttp.MaxBody + 1)];
        TimeSpan? pause = (kind % 3) switch { 0 => null, 1 => TimeSpan.MaxValue, _ => TimeSpan.Zero };
        Uri? location = status != 301 ? null : Uri.TryCreate(FuzzText.Of(body), UriKind.RelativeOrAbsolute, out Uri? target) ? target : null;
        return new OutboundAnswer(status, pause, kind % 5 == 0 ? null : "application/json", location, body, kind % 2 == 0);
    }

    private static void ReadOutscale(byte[] input)
    {
        OutboundAnswer answer = Answer(input, out _);
        _ = OutscaleJson.ReadAnswer(answer.Body);
        _ = OutscaleJson.IsObject(answer.Body);
        OutputException fault = OutscaleFault.Of("LinkPublicIp", "eipalloc-1, eni-1", answer, s_credentials, TimeSpan.MaxValue).ToException();
        CheckLine(fault.Message, [s_credentials.AccessKey.Reveal(), s_credentials.SecretKey.Reveal()]);
        CheckLine(OutscaleFault.Unreadable("LinkPublicIp", "eipalloc-1, eni-1", answer).ToException().Message, []);
        Require(fault.RetryAfter is null || fault.RetryAfter <= TimeSpan.FromMinutes(10), "a pause without end");
    }

    private static void ReadRefusal(byte[] input)
    {
        OutboundAnswer answer = Answer(input, out int status);
        if (status == 200)
            return;
        OutputException fault = WebhookRefusal.Of(answer, "h:80", new SecretMask(s_secrets));
        CheckLine(fault.Message, s_secrets);
    }

    private static void ReadProgram(byte[] input)
    {
        if (input.Length == 0)
            return;
        var output = new ProgramOutput();
        int piece = 1 + input[0] * 40;
        for (int at = 1; at < input.Length; at += piece)
            output.Add(input.AsSpan(at, Math.Min(piece, input.Length - at)));
        string line = new ProgramText(s_secrets).LastLine(output.ToArray(), output.IsCut);
        CheckLine(line, s_secrets, StringComparison.Ordinal);
    }

    private static void CheckLine(string line, string[] secrets, StringComparison comparison = StringComparison.OrdinalIgnoreCase)
    {
        Require(line.Length < 900 && !line.Any(char.IsControl), "a message that is not one line");
        foreach (string secret in secrets)
            Require(!line.Contains(secret, comparison), "a secret is shown");
    }
}
