using System.Buffers;
using System.Net;
using System.Text;
using System.Text.Json;
using Link.Cli.Client;
using Link.Core.Api;
using Link.Core.Api.Access;
using Link.Core.Api.Limits;
using Link.Core.Storage;
using Link.Tests.Api;
using Link.Tests.Fuzz.Mutators;
using Link.Tests.Simulation;

namespace Link.Tests.Fuzz;

/// <summary>Requests, credentials, and the answers that the client reads.</summary>
internal static partial class FuzzTargets
{
    private const string FuzzedId = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";

    private static readonly string[] s_routes = ["/endpoints", "/ips", $"/endpoints/{FuzzedId}", $"/ips/{FuzzedId}", $"/ips/{FuzzedId}/failover", "/encrypted_storage/key_rotation"];

    private static readonly string[] s_bodies =
    [
        """{"plugin":"webhook","plugin_config":{"url":"https://lb.example/vip","headers":{"Authorization":"Bearer a"},"secret":"s","resource_id":"front"},"checks":[{"type":"TCP","host":"h","port":80}],"healthcheck_interval":7}""",
        """{"healthchecks":[{"type":"TCP","host":"10.0.0.9","port":80},{"type":"TCP","host":"::1","port":1}]}""",
        """{"to":"web-2"}""",
        """{"force":true}""",
        """{"ip":"10.0.0.1/32","interface":"eth0","on_etcd_loss":"hold","healthcheck_interval":5,"checks":null,"id":"x","status":"y","keepalive_interval":3}""",
    ];

    private static FuzzTarget[] Api()
    {
        RecordedExchange[] recorded = [.. new[] { "1.9.3", "2.0.7", "3.0.1", "3.2.1", "3.3.0" }.SelectMany(RecordedExchange.Load)];
        var bodies = new JsonMutator([.. s_bodies, .. recorded.Select(static exchange => exchange.Body).OfType<string>()]);
        var answers = new JsonMutator(
        [
            .. recorded.Select(static exchange => exchange.Answer?.GetRawText()).OfType<string>(),
            """{"healthy":false,"reason":"r","etcd":"lost","etcd_endpoint":"http://h","hostname":"h","version":"1","drained":true,"endpoints":2,"activated":1}""",
            """{"running":true,"total":9,"done":3,"failed":1,"started_at":"2026-01-02T03:04:05.678Z","ended_at":"2026-01-02T03:04:05Z","error":"e"}""",
            """{"error":"plugin_config.ip is wrong","errors":{"plugin_config.ip":["is wrong","too"],"b":["c"]},"msg":"m"}""",
            """{"endpoint":{"id":"vip-1","status":"ACTIVATED","checks":[{"type":"TCP","host":"h","port":1}],"healthcheck_interval":3,"plugin":"webhook","election_key":"webhook/a","holder":"h","since":"2026-01-02T03:04:05Z","rivals":2,"last_error":"e","last_error_at":"2026-01-02T03:04:05Z","plugin_config":{"a":"b"}}}""",
        ]);
        var heads = new ByteMutator(
            ["Basic dXNlcjpwYXNz"u8.ToArray(), "basic  =="u8.ToArray(), FuzzText.Utf8($"# users\nbob:admin:{s_hash}\nann:read:{s_hash}\n")],
            "Basic ", ":", "=", "$", "i=", "admin", "read", "operate", "$pbkdf2-sha256$i=10000$", "\n", "#");
        return
        [
            new FuzzTarget("api-routes", random => [(byte)random.Below(s_routes.Length * 3), .. bodies.Make(random)], Ask)
            {
                Share = 80,
                InputsInTest = 12_000,
                MostPerByte = 160,
                MostAtAll = 128 * 1024,
                Growths =
                [
                    new FuzzGrowth("fields_that_are_unknown", size => Body(1, $"{{{Numbered("\"f{0}\":1", size / 9)}}}")),
                    new FuzzGrowth("fields_of_a_plugin_that_are_unknown", size => Body(0, $"{{\"plugin\":\"arp\",\"plugin_config\":{{{Numbered("\"f{0}\":1", size / 9)}}}}}")),
                    new FuzzGrowth("wrong_checks", size => Body(2, $"{{\"healthchecks\":[{FuzzText.Repeat("{}", size, ",")}]}}")),
                    new FuzzGrowth("wrong_fields_of_checks", size => Body(2, $"{{\"healthchecks\":[{{{Numbered("\"f{0}\":1", size / 9)}}}]}}")),
                    new FuzzGrowth("a_long_name_over_a_list", size => Body(0, $"{{\"{new string('n', size / 2)}\":[{FuzzText.Repeat("1", size / 2, ",")}]}}")),
                    new FuzzGrowth("a_name_over_a_list", size => Body(0, $"{{\"{new string('n', 128)}\":[{FuzzText.Repeat("1", size, ",")}]}}")),
                    new FuzzGrowth("a_long_address", size => Body(1, $"{{\"ip\":\"{new string('1', size)}\"}}")),
                    new FuzzGrowth("a_long_plugin", size => Body(0, $"{{\"plugin\":\"{new string('\u001f', 0)}{FuzzText.Repeat("\\u001f", size)}\",\"plugin_config\":{{}}}}")),
                ],
            },
            new FuzzTarget("api-answers", answers.Make, ReadAnswer)
            {
                Share = 150,
                InputsInTest = 25_000,
                // An endpoint is {} at the least, and a line of a table in the end.
                MostPerByte = 600,
                MostAtAll = 96 * 1024,
                Growths =
                [
                    new FuzzGrowth("wrong_fields", size => FuzzText.Utf8($"{{\"error\":\"{new string('e', size / 2)}\",\"errors\":{{{Numbered("\"f{0}\":[\"x\"]", size / 24)}}}}}")),
                    new FuzzGrowth("a_text_of_control_characters", size => FuzzText.Utf8(new string('\e', size))),
                    new FuzzGrowth("messages_of_a_field", size => FuzzText.Utf8($"{{\"error\":\"e\",\"errors\":{{\"a\":[],\"b\":[{FuzzText.Repeat("\"x\"", size, ",")}]}}}}")),
                ],
            },
            new FuzzTarget("credentials", heads.Make, static input =>
            {
                string text = FuzzText.Of(input);
                _ = BasicCredentials.Parse(text)?.User;
                _ = PasswordHash.Parse(text, out string? fault);
                _ = UserName.Fault(text);
                Require(UserName.ForLog(text).Length <= UserName.MaxLength, "a name too long for the log");
                UserTable? users = UserTable.Parse(text, out IReadOnlyList<string> faults);
                Require(users is null != (faults.Count == 0) && faults.Count <= 11, "neither users nor faults");
                Require(faults.All(line => line.Length < 300) && fault is null or { Length: < 300 }, "a fault that tells what stands in the file");
            })
            {
                Share = 150,
                InputsInTest = 30_000,
                MostPerByte = 200,
                Growths =
                [
                    new FuzzGrowth("lines", size => FuzzText.Utf8(FuzzText.Repeat("a:b:c", size, "\n"))),
                    new FuzzGrowth("colons", size => FuzzText.Utf8(new string(':', size))),
                    new FuzzGrowth("dollars", size => FuzzText.Utf8(new string('$', size))),
                ],
            },
        ];
    }

    private static readonly string s_hash = PasswordHash.Create("password"u8, 10_000).ToString();

    private static byte[] Body(int route, string json) => [(byte)route, .. FuzzText.Utf8(json)];

    private static string Numbered(string format, int count) => string.Join(',', Enumerable.Range(0, Math.Max(1, count)).Select(i => format.Replace("{0}", $"{i}", StringComparison.Ordinal)));

    /// <summary>A body, as its route reads it, and the plugins' configuration in it, as the agent does.</summary>
    private static void Ask(byte[] input)
    {
        if (input.Length == 0)
            return;
        string path = s_routes[input[0] % s_routes.Length];
        string method = path.Contains(FuzzedId, StringComparison.Ordinal) && !path.EndsWith("failover", StringComparison.Ordinal) ? "PATCH" : "POST";
        var agent = new FakeAgent();
        agent.Have(FakeAgent.Arp(FuzzedId, "10.0.0.1/32"));
        var control = new ReadingAgent(agent);
        List<string> log = [];
        var options = new ApiOptions { Version = "1.2.3", MaxBodyBytes = int.MaxValue / RequestBody.BytesPerByte, MaxConfigBodyBytes = int.MaxValue / RequestBody.BytesPerByte };
        var routes = new ApiRoutes(options, control, (line, fault) => log.Add($"{line} {fault}"), CancellationToken.None);
        ApiConnection connection = new ConnectionTable(1, 1, TimeSpan.Zero, TimeProvider.System, static _ => { }).TryOpen(IPAddress.Loopback)!;
        using RequestMemory memory = new(new ByteBudget(int.MaxValue, int.MaxValue), ArrayPool<byte>.Shared, connection, TimeSpan.Zero);
        RequestBody body = new(new SentBody(input.AsMemory(1)).Features, options, memory);
        Task<ApiAnswer> answering = routes.AnswerAsync(new ApiRequest(method, path[1..].Split('/', 5), body, memory, new Caller("anyone", Role.Admin), CancellationToken.None));
        Require(answering.IsCompleted, "the answer waits for something");
        ApiAnswer answer = answering.GetAwaiter().GetResult();
        Require(answer.Status < 500 && log.Count == 0, $"status {answer.Status}; {string.Join("; ", log)}");
        if (answer.Status == 204)
            return;
        using JsonDocument json = JsonDocument.Parse(answer.WithMsg().Body);
        Require(answer.Status < 400 || json.RootElement.GetProperty("error").GetString()!.Length < 2000, "an error of more than a page");
        Require(JsonText.IsSound(answer.Body.Span), "an answer that is no text");
    }

    /// <summary>What another side answers to the client, to what people see of it.</summary>
    private static void ReadAnswer(byte[] input)
    {
        JsonElement? parsed = ApiAnswerReader.Parse(input);
        string error = ApiAnswerReader.Error(400, parsed, input);
        Require(error.Length < 1200 && !error.Any(char.IsControl), "an error that is not one short line");
        if (parsed is not { } json)
            return;
        _ = ApiAnswerReader.Health(json);
        _ = ApiAnswerReader.Rotation(json);
        JsonElement[] endpoints = [json, .. ApiAnswerReader.Items(json, "endpoints"), .. ApiAnswerReader.Items(json, "ips"), .. new[] { "endpoint", "ip" }.Select(name => ApiAnswerReader.Property(json, name)).OfType<JsonElement>()];
        var table = new Table("ID", "ADDRESS", "CHECKS", "REASON");
        var shown = new StringWriter();
        foreach (JsonElement item in endpoints)
        {
            EndpointSnapshot endpoint = ApiAnswerReader.Endpoint(item).Endpoint;
            _ = EndpointAddress.Matches(endpoint, "10.0.0.1/32");
            table.Add(endpoint.Id, EndpointAddress.Of(endpoint), HealthCheckText.Format(endpoint.Checks), endpoint.Reason);
        }

        table.Write(shown, static (_, text) => text);
        Require(!shown.ToString().Replace(shown.NewLine, "", StringComparison.Ordinal).Any(char.IsControl), "a control character for the terminal");
        ClientRun.WriteJson(shown, writer => json.WriteTo(writer));
    }
}
