using System.Text.Json;
using Link.Core.Api;
using Link.Core.Api.Access;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Api;

/// <summary>docs/openapi.json says what the API does: every route, every answer, nothing else.</summary>
public sealed class OpenApiTests
{
    private const string Id = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";
    private const string Unknown = "vip-00000000-0000-4000-8000-00000000ffff";

    private static readonly OpenApi s_document = new();

    public static TheoryData<string, string> Routes() => [.. ApiRoutes.All.Select(route => (route.Method, route.Path))];

    [Fact]
    public void Every_route_is_described_and_nothing_else() => Assert.Equal(
        ApiRoutes.All.Select(route => $"{route.Method} {route.Path}").Order(StringComparer.Ordinal),
        s_document.Operations.Select(operation => $"{operation.Method} {operation.Path}").Order(StringComparer.Ordinal));

    [Fact]
    public void Questions_are_for_readers_switching_and_checks_for_operators_and_the_rest_for_admins()
    {
        foreach (OpenApiOperation operation in s_document.Operations)
        {
            string last = operation.Path[(operation.Path.LastIndexOf('/') + 1)..];
            bool operates = last is "failover" or "lock" or "drain" or "undrain" || operation.Method is "PUT" or "PATCH";
            string role = operation.Method == "GET" ? "read" : operates ? "operate" : "admin";
            Assert.Equal((operation.Path, role), (operation.Path, RoleWord.Of(ApiRoutes.All.Single(route => route.Method == operation.Method && route.Path == operation.Path).Role)));
            Assert.Equal((operation.Path, role), (operation.Path, operation.Role));
            Assert.Equal(operation.Path.Contains("{id}", StringComparison.Ordinal), operation.HasParameters);
        }
    }

    [Fact]
    public void Every_operation_describes_the_refusals_of_its_kind()
    {
        foreach (OpenApiOperation operation in s_document.Operations)
        {
            List<int> refusals = [401, 403, 429];
            refusals.AddRange(operation.Body is null ? [] : [400, 413, 415, 422]);
            refusals.AddRange(operation.Path.Contains("{id}", StringComparison.Ordinal) ? [400, 404] : []);
            refusals.AddRange(operation.IsCommand ? [409, 503] : operation.Path == "/version" ? [] : [503]);
            Assert.Equal((operation.Path, string.Join(' ', refusals.Distinct().Order())), (operation.Path, string.Join(' ', operation.Answers.Keys.Where(status => status >= 400).Order())));
        }
    }

    [Fact]
    public void Every_example_fits_its_schema()
    {
        foreach (OpenApiOperation operation in s_document.Operations)
        {
            foreach (JsonElement holder in operation.Answers.Values.Concat(operation.Body is { } body ? [body] : []))
            {
                if (s_document.Content(holder) is not { } content)
                {
                    continue;
                }

                Assert.NotEmpty(content.Examples);
                Assert.All(content.Examples, example => Assert.Empty(s_document.Schema.Validate(content.Schema, example)));
            }
        }
    }

    [Theory]
    [InlineData("""{"id":"x","status":"ACTIVATED","healthcheck_interval":0,"plugin":"arp","election_key":"k"}""", "$.id is x, expected ^vip-[A-Za-z0-9-]{36}$")]
    [InlineData("""{"id":"vip-f907ccec-2c14-4ae2-9d56-eed54ef36c2c","status":"ON","healthcheck_interval":"0","plugin":"arp"}""",
        "$.election_key is missing; $.healthcheck_interval is String, expected integer; $.status is ON, expected one of [\"BOOTING\", \"STANDBY\", \"ACTIVATED\", \"FAILING\"]")]
    [InlineData("""{"id":"vip-f907ccec-2c14-4ae2-9d56-eed54ef36c2c","status":"FAILING","healthcheck_interval":-1,"plugin":"arp","election_key":"k","colour":1,"checks":[{"type":"TCP","host":"h","port":0}]}""",
        "$.checks[0].port is 0, less than 1; $.colour is not described; $.healthcheck_interval is -1, less than 0")]
    public void An_endpoint_that_is_none_does_not_fit(string json, string faults)
    {
        using JsonDocument value = JsonDocument.Parse(json);
        using JsonDocument schema = JsonDocument.Parse("""{"$ref":"#/components/schemas/Endpoint"}""");
        Assert.Equal(faults, string.Join("; ", s_document.Schema.Validate(schema.RootElement, value.RootElement).Order(StringComparer.Ordinal)));
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Every_example_of_a_body_is_taken(string method, string path)
    {
        OpenApiOperation operation = s_document.Find(method, path);
        IReadOnlyList<JsonElement> examples = operation.Body is { } body ? s_document.Content(body)!.Value.Examples : [];
        foreach (string? text in examples.Select(example => (string?)example.GetRawText()).DefaultIfEmpty(null))
        {
            await using RunningApi api = await StartAsync();
            AssertDescribed(operation, await api.SendAsync(method, path.Replace("{id}", Id, StringComparison.Ordinal), text), status => status is >= 200 and < 300);
        }
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task Every_described_answer_can_be_had_and_is_as_described(string method, string path)
    {
        OpenApiOperation operation = s_document.Find(method, path);
        foreach (int status in operation.Answers.Keys)
        {
            using TemporaryFolder folder = new();
            string users = folder.Write("users", TestUsers.Line("bob", Role.Read, "bob's"));
            await using RunningApi api = await StartAsync(options => options with
            {
                Password = status is 401 or 429 ? "secret" : options.Password,
                UsersFile = status == 403 ? users : null,
                ReadDeadline = TimeSpan.FromMilliseconds(status == 503 ? 50 : 30_000),
            });
            for (int i = 0; status == 429 && i < 5; i++)
            {
                await api.SendAsync("GET", "/version", headers: headers => headers.Authorization = TestUsers.Header("", "wrong"));
            }

            AssertDescribed(operation, await ProvokeAsync(api, operation, status), got => got == status);
        }
    }

    [Theory]
    [MemberData(nameof(Routes))]
    public async Task The_headers_of_an_answer_from_memory_are_described(string method, string path)
    {
        OpenApiOperation operation = s_document.Find(method, path);
        if (operation.IsCommand)
        {
            return;
        }

        await using RunningApi api = await StartAsync();
        api.Agent.Etcd = "silent";
        ApiReply reply = await api.SendAsync(method, path.Replace("{id}", Id, StringComparison.Ordinal));
        Assert.Equal(operation.Answers[reply.Status].TryGetProperty("headers", out JsonElement headers) && headers.TryGetProperty("X-Link-Etcd", out _), reply.Header("X-Link-Etcd") == "silent");
    }

    private static async Task<RunningApi> StartAsync(Func<ApiOptions, ApiOptions>? change = null)
    {
        RunningApi api = await RunningApi.StartAsync(change, new TestClock());
        DateTimeOffset time = new(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero);
        api.Agent.Have(
            FakeAgent.Arp(Id, "10.77.0.1/32") with
            {
                Interface = "eth0",
                Holder = "web-1",
                Reason = "r",
                Since = time,
                OnEtcdLoss = "hold",
                Rivals = 3,
                LastError = "e",
                LastErrorAt = time,
                LastErrorAnswer = "a",
                Checks = [new("TCP", "127.0.0.1", 9)],
            },
            new EndpointSnapshot { Id = Unknown[..^1] + "0", Status = "BOOTING", Plugin = "webhook", ElectionKey = "webhook/r", PluginConfigJson = """{"url":"u","secret":"***"}""" });
        api.Agent.Rotation = new RotationSnapshot { Total = 2, Done = 1, Failed = 1, StartedAt = time, EndedAt = time, Error = "e" };
        return api;
    }

    /// <summary>Does what gives the status.</summary>
    private static Task<ApiReply> ProvokeAsync(RunningApi api, OpenApiOperation operation, int status)
    {
        string path = operation.Path.Replace("{id}", status switch { 404 => Unknown, 400 when operation.Body is null => "banana", _ => Id }, StringComparison.Ordinal);
        string? body = operation.Body is null ? null : status switch
        {
            400 => "nonsense",
            413 => new string(' ', 1024 * 1024 + 1),
            422 => """{"colour":"red"}""",
            _ => s_document.Content(operation.Body.Value)!.Value.Examples[0].GetRawText(),
        };
        switch (status)
        {
            case 200 when operation.Path is "/drain" or "/undrain":
                api.Agent.Command = _ => Task.FromResult(new Outcome(OutcomeStatus.Done, "done"));
                break;

            case 204 when operation.Path is "/drain" or "/undrain":
                api.Agent.Command = _ => Task.FromResult(new Outcome(OutcomeStatus.Done));
                break;

            case 409 or 503 when operation.IsCommand:
                OutcomeStatus outcome = status == 409 ? OutcomeStatus.Conflict : OutcomeStatus.Unavailable;
                api.Agent.Command = _ => Task.FromResult(new Outcome(outcome, "because"));
                break;

            case 503:
                api.Agent.Question = _ => new TaskCompletionSource().Task;
                break;
        }

        // A body that is refused unread is not sent: the connection may break under it.
        return api.SendAsync(operation.Method, path, body, headers =>
        {
            headers.ExpectContinue = status == 413;
            headers.Authorization = status switch { 403 => TestUsers.Header("bob", "bob's"), 429 => TestUsers.Header("", "secret"), _ => null };
            if (status == 403 && !operation.IsCommand)
            {
                headers.Add("Origin", "http://evil.test");
            }
        }, status == 415 ? "text/plain" : "application/json");
    }

    private static void AssertDescribed(OpenApiOperation operation, ApiReply reply, Func<int, bool> expected)
    {
        Assert.True(expected(reply.Status), $"{operation.Method} {operation.Path} answers {reply.Status}: {reply.Body}");
        JsonElement answer = Assert.Contains(reply.Status, operation.Answers);
        if (s_document.Content(answer) is not { } content)
        {
            Assert.Equal("", reply.Body);
            return;
        }

        Assert.Equal("application/json", reply.Header("Content-Type"));
        using JsonDocument document = JsonDocument.Parse(reply.Body);
        Assert.Empty(s_document.Schema.Validate(content.Schema, document.RootElement));
    }
}
