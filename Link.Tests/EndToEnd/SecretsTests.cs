using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Link.Core.Agent;
using Link.Tests.Bed;
using Link.Tests.Storage;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>Endpoints with secrets: LinK's taken over, keys lost and changed, and nowhere a secret to be seen.</summary>
public sealed partial class SecretsTests(LoneBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<LoneBed>
{
    private const int HookPort = 9;
    private const string Secret = "planted-shared-secret";
    private const string Token = "Bearer planted-token";
    private const string LinKsSecret = "the fixture's shared secret";
    private const string KeyA = "planted-key-A-0123456789abcdef0123456789";
    private const string KeyB = "planted-key-B-0123456789abcdef0123456789";
    private const string Secrets = "/link/secrets/hosts/h1/";
    private const string WebhookLock = "/link/default/webhook/db-7-primary";

    /// <summary>All that API and client have answered.</summary>
    private readonly List<string> _answers = [];

    private AgentHost Host => Bed.Host(1);

    private EtcdGateway Etcd => Bed.Etcd[0].Gateway;

    [Fact]
    public async Task LinKs_endpoints_go_on_with_their_secrets_which_move_to_their_own_place_and_nothing_fails_over()
    {
        await Bed.ResetAsync();
        using var hooks = new HookReceiver(Host.Namespace, HookPort);
        var dump = await WriteLinKsAsync();
        var locks = await Etcd.FindAllAsync("/link/default/");
        using var watch = new CancellationTokenSource();
        var events = await Etcd.WatchAllAsync("/link/default/", watch.Token);

        await StartAsync(dump.Key);
        var (vip, hook) = (IdOf(dump, "arp"), IdOf(dump, "webhook"));
        await WaitForStateAsync(Host, vip, "ACTIVATED");
        await WaitForStateAsync(Host, hook, "ACTIVATED");
        await Wait.UntilAsync("a signed request", () => hooks.Requests.Count > 0, Patience);
        Assert.All(hooks.Requests, static request => Assert.True(request.IsSignedWith(LinKsSecret)));
        Assert.All(hooks.Requests, static request => Assert.Equal("dotted", request.Headers["X.Dotted.Name"]));
        await Wait.UntilAsync("the secrets in their own place", async () => (await Etcd.ListAsync(Secrets)).All(pair => pair.Key.StartsWith($"{Secrets}{hook}/", StringComparison.Ordinal)), Patience);
        Assert.Equal(3, (await Etcd.ListAsync(Secrets)).Count);

        // The new place is as good as the old one.
        await RestartAsync(dump.Key);
        await WaitForStateAsync(Host, hook, "ACTIVATED");
        Assert.Equal(locks, await Etcd.FindAllAsync("/link/default/"));
        Assert.Empty(events);
        await watch.CancelAsync();

        await DeleteAsync(hook);
        Assert.Empty(await Etcd.ListAsync(Secrets));
        await AssertNothingShownAsync(LinKsSecret, "grün", "dotted", dump.Key);
    }

    [Fact]
    public async Task With_a_lost_key_only_the_endpoint_with_secrets_fails_and_stays_as_it_is_until_it_is_deleted_with_all_that_it_left()
    {
        await Bed.ResetAsync();
        var dump = await WriteLinKsAsync();
        var before = await StoredAsync();
        await StartAsync(KeyA);
        var (vip, hook) = (IdOf(dump, "arp"), IdOf(dump, "webhook"));
        await WaitForStateAsync(Host, vip, "ACTIVATED");
        Assert.Equal(200, (await Host.Api.GetAsync("/health")).Status);
        var shown = (await AskAsync(HttpMethod.Get, $"/endpoints/{hook}")).Expect(200).Json["endpoint"]!;
        Assert.Equal("FAILING", (string?)shown["status"]);
        Assert.Contains($"secret: the secret {Secrets}/sec-", (string?)shown["last_error"], StringComparison.Ordinal);
        Assert.Contains("SECRET_STORAGE_ALTERNATE_KEYS", (string?)shown["last_error"], StringComparison.Ordinal);
        await Wait.UntilAsync("a word about the old form", () => Host.Agent!.ReadLog().Contains("an endpoint stays in an old form", StringComparison.Ordinal), Patience);
        Assert.Equal(before, await StoredAsync());

        var (code, _, error) = await ClientAsync("rotate-encryption-key");
        Assert.Equal(1, code);
        Assert.Contains("3 of 3 secrets cannot be encrypted anew", error, StringComparison.Ordinal);
        Assert.Equal(before, await StoredAsync());

        // With the key it works again, without a loss.
        await RestartAsync(KeyA, dump.Key);
        await WaitForStateAsync(Host, hook, "ACTIVATED");
        await Wait.UntilAsync("the migration", async () => (await Etcd.ListAsync($"{Secrets}/")).Count == 0, Patience);
        await AssertNothingShownAsync(LinKsSecret, "grün", "dotted", dump.Key, KeyA);

        await Bed.ResetAsync();
        await WriteLinKsAsync();
        before = await StoredAsync();
        await StartAsync(KeyA);
        await WaitForStateAsync(Host, hook, "FAILING");
        await Etcd.WipeAsync();
        await Wait.UntilAsync("all that was lost, byte for byte", async () => (await StoredAsync()).SequenceEqual(before), Patience);
        await DeleteAsync(hook);
        Assert.Empty(await Etcd.ListAsync(Secrets));
    }

    [Fact]
    public async Task A_secret_under_no_endpoints_id_that_two_endpoints_mention_goes_with_the_second_one()
    {
        await Bed.ResetAsync();
        var dump = await WriteLinKsAsync();
        var hook = IdOf(dump, "webhook");
        const string twin = "vip-6f0021ca-d9cf-41b3-92b7-00d2b890d7d5";
        var record = (await Etcd.GetAsync($"/link/hosts/h1/{hook}"))!;
        await Etcd.PutAsync($"/link/hosts/h1/{twin}", record.Replace(hook, twin, StringComparison.Ordinal).Replace("db-7-primary", "twin", StringComparison.Ordinal));

        // Without their key the secrets stay where they are.
        await StartAsync(KeyA);
        await WaitForStateAsync(Host, twin, "FAILING");
        var before = await Etcd.ListAsync($"{Secrets}/");
        await DeleteAsync(twin);
        Assert.Equal(before, await Etcd.ListAsync(Secrets));
        await DeleteAsync(hook);
        Assert.Empty(await Etcd.ListAsync(Secrets));
    }

    [Fact]
    public async Task Without_a_key_the_agent_works_and_an_endpoint_with_secrets_is_refused_with_what_to_set()
    {
        await Bed.ResetAsync();
        await StartAsync("");
        var answer = await AddAsync();
        Assert.Equal(422, answer.Status);
        foreach (var field in (string[])["plugin_config.headers.Authorization", "plugin_config.secret"])
            Assert.Contains("set SECRET_STORAGE_ENCRYPTION_KEY (32 characters or more)", (string?)answer.Json["errors"]![field]![0], StringComparison.Ordinal);
        Assert.Empty(await Etcd.ListAsync("/link/hosts/"));
        var (code, _, error) = await ClientAsync("add", "--plugin", "webhook", "--url", "http://127.0.0.1:9/", "--resource-id", "front", "--secret", "-");
        Assert.Equal(1, code);
        Assert.Contains("SECRET_STORAGE_ENCRYPTION_KEY", error, StringComparison.Ordinal);
        (code, _, error) = await ClientAsync("rotate-encryption-key");
        Assert.Equal(1, code);
        Assert.Contains("SECRET_STORAGE_ENCRYPTION_KEY", error, StringComparison.Ordinal);
        var id = await Host.Api.AddAsync(TestBed.Vip);
        await WaitForStateAsync(Host, id, "ACTIVATED");
        await AssertNothingShownAsync(Secret, Token);
    }

    [Fact]
    public async Task After_a_rotation_the_old_key_is_needed_no_more_and_a_wiped_etcd_gets_the_new_secrets_back()
    {
        await Bed.ResetAsync();
        using var hooks = new HookReceiver(Host.Namespace, HookPort);
        await StartAsync(KeyA);
        var id = (string)(await AddAsync()).Expect(201).Json["endpoint"]!["id"]!;
        await WaitForStateAsync(Host, id, "ACTIVATED");
        var old = await StoredAsync();
        Assert.All(await Etcd.ListAsync(Secrets), static pair => Assert.Contains("\"type\":\"aes-256-gcm-bound\"", pair.Value));
        var (code, _, error) = await ClientAsync("rotate-encryption-key");
        Assert.Equal(1, code);
        Assert.Contains("there are no alternate keys", error, StringComparison.Ordinal);

        await RestartAsync(KeyB, KeyA);
        (code, var text, error) = await ClientAsync("rotate-encryption-key", "--output", "json");
        Assert.Equal((0, "", """{"result":"rotated","total":2,"done":2,"failed":0}"""), (code, error, JsonNode.Parse(text)!.ToJsonString()));
        var rotated = await StoredAsync();
        Assert.Equal(old.Keys, rotated.Keys);
        Assert.All(rotated.Where(static pair => pair.Key.StartsWith(Secrets, StringComparison.Ordinal)), pair => Assert.NotEqual(old[pair.Key], pair.Value));

        await Etcd.WipeAsync();
        await Wait.UntilAsync("all that was lost", async () => (await StoredAsync()).SequenceEqual(rotated), Patience);

        await Host.StopAgentAsync();
        var before = hooks.Requests.Count;
        await StartAsync(KeyB);
        await WaitForStateAsync(Host, id, "ACTIVATED");
        await Wait.UntilAsync("another request", () => hooks.Requests.Count > before, Patience);
        Assert.All(hooks.Requests, static request => Assert.True(request.IsSignedWith(Secret)));
        Assert.All(hooks.Requests, static request => Assert.Equal(Token, request.Headers["Authorization"]));
        await DeleteAsync(id);
        Assert.Empty(await Etcd.ListAsync(Secrets));
        await AssertNothingShownAsync(Secret, Token, KeyA, KeyB);
    }

    [Fact]
    public async Task Secrets_that_are_too_large_for_one_request_together_come_through_a_restart_and_a_wiped_etcd()
    {
        await Bed.ResetAsync();
        using var hooks = new HookReceiver(Host.Namespace, HookPort);
        await StartAsync(KeyA);
        var headers = Enumerable.Range(0, 32).ToDictionary(static i => $"X-Large-{i}", static i => new string('x', 4096));
        for (var i = 0; i < 10; i++)
            (await AddAsync($"large-{i}", headers)).Expect(201);
        var stored = await StoredAsync();
        Assert.InRange(stored.Values.Sum(static value => value.Length), 2_000_000, int.MaxValue);

        await RestartAsync(KeyA);
        await Wait.UntilAsync("all ACTIVATED", async () => await Host.Api.StatesAsync() is { Count: 10 } states && states.Values.All(static state => state == "ACTIVATED"), Patience);
        await Etcd.WipeAsync();
        await Wait.UntilAsync("all that was lost", async () => (await StoredAsync()).SequenceEqual(stored), Patience);
    }

    [Fact]
    public async Task For_a_way_back_to_LinK_all_that_is_written_is_in_LinKs_form_and_opens_with_openssl()
    {
        await Bed.ResetAsync();
        await StartAsync(KeyA);
        (await AddAsync()).Expect(201);
        await RestartAsync(KeyB, KeyA, "aes-cfb-sha512");
        (await AddAsync("second")).Expect(201);
        Assert.Equal(["aes-256-gcm-bound", "aes-256-gcm-bound", "aes-cfb-sha512", "aes-cfb-sha512"], (await RecordsAsync()).Select(static record => (string)record["type"]!).Order());
        var (code, _, error) = await ClientAsync("rotate-encryption-key");
        Assert.Equal((0, ""), (code, error));
        var opened = new List<string>();
        foreach (var record in await RecordsAsync())
        {
            Assert.Equal(["id", "endpoint_id", "type", "data", "hash"], record.AsObject().Select(static field => field.Key));
            Assert.Equal("aes-cfb-sha512", (string?)record["type"]);
            var json = await OpenByOpenSslAsync((string)record["data"]!, KeyB);
            Assert.Equal(Convert.ToHexStringLower(SHA512.HashData(Encoding.UTF8.GetBytes(json))), (string?)record["hash"]);
            opened.Add(JsonSerializer.Deserialize<string>(json)!);
        }

        Assert.Equal([Token, Token, Secret, Secret], opened.Order(StringComparer.Ordinal));
        await AssertNothingShownAsync(Secret, Token, KeyA, KeyB);
    }

    [Fact]
    public async Task An_agent_whose_name_is_anothers_migrates_and_rotates_nothing()
    {
        await Bed.ResetAsync();
        var dump = await WriteLinKsAsync();
        var before = await StoredAsync();
        const string instance = "another";
        using var socket = Host.Namespace.Run(() =>
        {
            var listening = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            listening.Bind(new IPEndPoint(Host.Address, 0));
            return listening;
        });
        using var stop = new CancellationTokenSource();
        var answering = AnswerAsync(socket, instance, stop.Token);
        await Etcd.PutAsync("/link/agents/h1", $$"""{"hostname":"h1","instance":"{{instance}}","version":"1.0","reach":"{{socket.LocalEndPoint}}"}""", await Etcd.GrantAsync(600));
        var agent = Host.Launch(new Dictionary<string, string> { ["SECRET_STORAGE_ENCRYPTION_KEY"] = dump.Key });
        await Wait.UntilAsync("its word", () => agent.ReadLog().Contains("is alive: instance another", StringComparison.Ordinal), Patience);
        for (var i = 0; i < 10; i++)
        {
            var answer = await AskAsync(HttpMethod.Post, "/encrypted_storage/key_rotation");
            Assert.NotInRange(answer.Status, 200, 299);
        }

        Assert.Equal(before, await StoredAsync());
        Assert.DoesNotContain("migrated", agent.ReadLog(), StringComparison.Ordinal);

        // The other one ends, and the name is this one's.
        await stop.CancelAsync();
        Assert.True(await answering > 0);
        await Wait.UntilAsync("the migration", () => agent.ReadLog().Contains("migrated", StringComparison.Ordinal), Patience);
    }

    [Fact]
    public async Task Before_the_agent_has_joined_a_rotation_is_refused()
    {
        await Bed.ResetAsync();
        Bed.Etcd[0].Signal(LibC.SIGSTOP);
        try
        {
            await Host.StartAgentAsync(With("SECRET_STORAGE_ENCRYPTION_KEY", KeyA));
            var answer = await AskAsync(HttpMethod.Post, "/encrypted_storage/key_rotation");
            Assert.Equal((503, "the agent is still joining the cluster: rotate again when it serves"), (answer.Status, answer.Error));
        }
        finally
        {
            Bed.Etcd[0].Signal(LibC.SIGCONT);
        }
    }

    /// <summary>As the agent whose name it is does. Gives how often it answered.</summary>
    private static async Task<int> AnswerAsync(Socket socket, string instance, CancellationToken stop)
    {
        var answers = 0;
        var buffer = new byte[100];
        try
        {
            while (true)
            {
                var got = await socket.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), stop);
                if (NamesakeMessage.Answer(buffer.AsSpan(0, got.ReceivedBytes), instance) is not { } answer)
                    continue;
                answers++;
                await socket.SendToAsync(answer, got.RemoteEndPoint, stop);
            }
        }
        catch (OperationCanceledException)
        {
            return answers;
        }
    }

    /// <summary>What LinK 3.3 left: an address, and a webhook whose secrets lie under no endpoint's id; the locks hang on the host's lease.</summary>
    private async Task<RecordedDump> WriteLinKsAsync()
    {
        var dump = RecordedDump.Load("3.3");
        var lease = await Etcd.GrantAsync((int)Bed.Lease.TotalSeconds * 4);
        var foreign = dump.Endpoints.Where(static endpoint => endpoint.Record!.Plugin == "outscale_public_ip").SelectMany(static endpoint => SecretIds().Matches(endpoint.Record!.PluginConfig)).Select(static match => match.Value).ToList();
        foreach (var pair in dump.Etcd)
        {
            var (key, value) = (pair.Key.ToStringUtf8(), pair.Value.ToStringUtf8());
            if (key.Contains("outscale", StringComparison.Ordinal) || value.Contains("outscale", StringComparison.Ordinal) || $"{key}{value}".Contains("10.40.0.2", StringComparison.Ordinal) || foreign.Exists(key.EndsWith))
                continue;
            value = Regex.Replace(value, "\"lease_id\":[0-9]+", $"\"lease_id\":{lease}");
            await Etcd.PutAsync(key.Replace("/db-7", "/h1", StringComparison.Ordinal).Replace("h1-primary", "db-7-primary", StringComparison.Ordinal), value is "db-7" ? "h1" : value.Replace("\"hostname\":\"db-7\"", "\"hostname\":\"h1\"", StringComparison.Ordinal), pair.Lease == 0 ? 0 : lease);
        }

        Assert.NotNull(await Etcd.GetAsync(WebhookLock));
        Assert.Equal(3, (await Etcd.ListAsync($"{Secrets}/")).Count);
        return dump;
    }

    private static string IdOf(RecordedDump dump, string plugin) => dump.Endpoints.First(endpoint => endpoint.Record!.Plugin == plugin && endpoint.Record.Checks.Count == 0).Record!.Id;

    private async Task StartAsync(string key, string alternates = "", string format = "")
    {
        await Host.StartAgentAsync(new Dictionary<string, string>
        {
            ["SECRET_STORAGE_ENCRYPTION_KEY"] = key,
            ["SECRET_STORAGE_ALTERNATE_KEYS"] = alternates,
            ["SECRET_STORAGE_FORMAT"] = format,
        });
        await Wait.UntilAsync("health", async () => (await Host.Api.GetAsync("/health")).Status == 200, Patience);
    }

    private async Task RestartAsync(string key, string alternates = "", string format = "")
    {
        await Host.StopAgentAsync();
        await StartAsync(key, alternates, format);
    }

    private Task<ApiAnswer> AddAsync(string resource = "front", IReadOnlyDictionary<string, string>? headers = null) => AskAsync(HttpMethod.Post, "/endpoints", new JsonObject
    {
        ["plugin"] = "webhook",
        ["plugin_config"] = new JsonObject
        {
            ["url"] = $"http://127.0.0.1:{HookPort}/hook",
            ["resource_id"] = resource,
            ["secret"] = Secret,
            ["headers"] = new JsonObject((headers ?? With("Authorization", Token)).Select(static header => KeyValuePair.Create(header.Key, (JsonNode?)header.Value))),
        },
    });

    private async Task<ApiAnswer> AskAsync(HttpMethod method, string path, JsonNode? body = null)
    {
        var answer = await Host.Api.SendAsync(method, path, body);
        _answers.Add(answer.Text);
        return answer;
    }

    private async Task DeleteAsync(string id) => (await AskAsync(HttpMethod.Delete, $"/endpoints/{id}")).Expect(204);

    private async Task<(int Code, string Output, string Error)> ClientAsync(params string[] arguments)
    {
        var result = await Tool.TryAsync(Programs.LinkClient, ["--socket", Host.Socket, .. arguments], Secret);
        _answers.Add(result.Output + result.Error);
        return result;
    }

    /// <summary>Endpoints and secrets, byte for byte.</summary>
    private async Task<SortedDictionary<string, string>> StoredAsync() =>
        new((await Etcd.ListAsync("/link/hosts/")).Concat(await Etcd.ListAsync("/link/secrets/")).ToDictionary(), StringComparer.Ordinal);

    private async Task<IReadOnlyList<JsonNode>> RecordsAsync() => [.. (await Etcd.ListAsync(Secrets)).Select(static pair => JsonNode.Parse(pair.Value)!)];

    private static async Task<string> OpenByOpenSslAsync(string data, string key)
    {
        using var folder = new TemporaryFolder();
        var path = Path.Combine(folder.Path, "data");
        await File.WriteAllBytesAsync(path, Convert.FromHexString(data[32..]));
        return await Tool.RunAsync("openssl", ["enc", "-d", "-aes-256-cfb", "-K", Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(key))), "-iv", data[..32], "-in", path]);
    }

    /// <summary>No secret and no key in anything that the agent or its client has said, nor in the agent's command line.</summary>
    private async Task AssertNothingShownAsync(params string[] planted)
    {
        var endpoints = (await AskAsync(HttpMethod.Get, "/endpoints")).Expect(200).Json["endpoints"]!.AsArray();
        foreach (var path in (string[])["/ips", "/health", "/version", "/encrypted_storage/key_rotation", .. endpoints.Select(static endpoint => $"/endpoints/{endpoint!["id"]}")])
            await AskAsync(HttpMethod.Get, path);
        await ClientAsync("list");
        await ClientAsync("list", "-o", "json");
        foreach (var endpoint in endpoints)
            await ClientAsync("show", (string)endpoint!["id"]!);
        _answers.Add(await File.ReadAllTextAsync(Host.Log));
        _answers.Add(await File.ReadAllTextAsync($"/proc/{Host.Agent!.Pid}/cmdline"));
        foreach (var value in planted)
        {
            Assert.All(_answers, text => Assert.DoesNotContain(value, text, StringComparison.Ordinal));
            Assert.All(_answers, text => Assert.DoesNotContain(JsonEncodedText.Encode(value).ToString(), text, StringComparison.Ordinal));
        }
    }

    [GeneratedRegex("sec-[0-9a-f-]{36}")]
    private static partial Regex SecretIds();
}
