using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using Link.Core.Secrets;
using Link.Tests.Bed;
using Link.Tests.Plugins.Exec;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>Somebody who can write etcd has an endpoint's secrets sent elsewhere, or tries to.</summary>
[SupportedOSPlatform("linux")]
public sealed class StolenSecretsTests(LoneBed bed, ScriptFolder folder, ITestOutputHelper output)
    : EndToEndTest(bed, output), IClassFixture<LoneBed>, IClassFixture<ScriptFolder>
{
    private const int HookPort = 9;
    private const int EvilPort = 10;
    private const string Secret = "planted-shared-secret";
    private const string Token = "Bearer planted-token";
    private const string OldFormat = "aes-256-gcm";
    private readonly string _key = KeyText.Create(hex: false).Reveal();

    private AgentHost Host => Bed.Host(1);

    private EtcdGateway Etcd => Bed.Etcd[0].Gateway;

    [Theory]
    [InlineData("the url")]
    [InlineData("the url and a header that refers to the secret")]
    [InlineData("a header that refers to the secret")]
    [InlineData("a secret in clear, and the url")]
    public async Task A_webhook_that_was_changed_in_etcd_is_not_called_and_says_why(string change)
    {
        await Bed.ResetAsync();
        using var hooks = new HookReceiver(Host.Namespace, HookPort);
        using var evil = new HookReceiver(Host.Namespace, EvilPort);
        await StartAsync();
        string id = await AddAsync("front");
        await WaitForStateAsync(Host, id, "ACTIVATED");
        await Wait.UntilAsync("a request", () => hooks.Requests.Count > 0, Patience);
        string given = (await Etcd.GetAsync(KeyOf(id)))!;

        await Host.StopAgentAsync();
        int before = hooks.Requests.Count;
        var record = JsonNode.Parse(given)!;
        var config = record["plugin_config"]!;
        if (change.Contains("url", StringComparison.Ordinal))
            config["url"] = $"http://127.0.0.1:{EvilPort}/hook";
        if (change.Contains("header", StringComparison.Ordinal))
            config["headers"]!["X-Leak"] = config["secret"]!.DeepClone();
        if (change.Contains("clear", StringComparison.Ordinal))
            config["secret"] = "the attacker's own";
        await Etcd.PutAsync(KeyOf(id), record.ToJsonString());
        await StartAsync();
        await AssertRefusedAsync(id, "was given for another destination than etcd has now");

        // A rotation changes nothing of that, and calls of others go out: the silence is no accident.
        var (code, _, error) = await ClientAsync("rotate-encryption-key", "--force");
        Assert.Equal(1, code);
        Assert.Contains("was given for another destination than etcd has now", error, StringComparison.Ordinal);
        await AddAsync("another");
        await Wait.UntilAsync("a request of another endpoint", () => hooks.Requests.Any(static request => request.ResourceId == "another"), Patience);
        Assert.Empty(evil.Requests);
        Assert.DoesNotContain(hooks.Requests.Skip(before), static request => request.ResourceId == "front");

        // As it was, it works as before.
        await Host.StopAgentAsync();
        await Etcd.PutAsync(KeyOf(id), given);
        before = hooks.Requests.Count;
        await StartAsync();
        await WaitForStateAsync(Host, id, "ACTIVATED");
        await Wait.UntilAsync("a request", () => hooks.Requests.Skip(before).Any(static request => request.ResourceId == "front"), Patience);
        Assert.All(hooks.Requests, static request => Assert.True(request.IsSignedWith(Secret)));
        Assert.Empty(evil.Requests);
    }

    [Fact]
    public async Task An_old_form_is_told_at_start_a_rotation_binds_it_and_a_copy_that_is_put_back_is_refused_where_that_is_set()
    {
        await Bed.ResetAsync();
        using var hooks = new HookReceiver(Host.Namespace, HookPort);
        using var evil = new HookReceiver(Host.Namespace, EvilPort);
        await StartAsync(OldFormat);
        string id = await AddAsync("front");
        await WaitForStateAsync(Host, id, "ACTIVATED");
        Assert.Contains("SECRET_STORAGE_FORMAT=aes-256-gcm binds no secret to its destination", Host.Agent!.ReadLog(), StringComparison.Ordinal);
        var copies = await Etcd.ListAsync("/link/secrets/");
        Assert.All(copies, static pair => Assert.Contains($"\"type\":\"{OldFormat}\"", pair.Value, StringComparison.Ordinal));

        await RestartAsync();
        await WaitForStateAsync(Host, id, "ACTIVATED");
        await Wait.UntilAsync("a word about what is not bound", () => Host.Agent!.ReadLog().Contains("secrets in etcd are not bound to their destination", StringComparison.Ordinal), Patience);
        Assert.Contains("link-client rotate-encryption-key binds them", Host.Agent!.ReadLog(), StringComparison.Ordinal);

        // Changed since the agent has started: not what the rotation binds to.
        string given = (await Etcd.GetAsync(KeyOf(id)))!;
        string changed = given.Replace($":{HookPort}/", $":{EvilPort}/", StringComparison.Ordinal);
        await Etcd.PutAsync(KeyOf(id), changed);
        var (code, _, error) = await ClientAsync("rotate-encryption-key");
        Assert.Equal(1, code);
        Assert.Contains("has another destination in etcd than when this agent started", error, StringComparison.Ordinal);
        Assert.Equal(copies, await Etcd.ListAsync("/link/secrets/"));
        await Etcd.PutAsync(KeyOf(id), given);

        (code, string text, error) = await ClientAsync("rotate-encryption-key");
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("2 of 2 secrets encrypted with the current key", text, StringComparison.Ordinal);
        Assert.All(await Etcd.ListAsync("/link/secrets/"), static pair => Assert.Contains("\"type\":\"aes-256-gcm-bound\"", pair.Value, StringComparison.Ordinal));
        await RestartAsync(requireBound: "yes");
        await WaitForStateAsync(Host, id, "ACTIVATED");
        await Wait.UntilAsync("a request", () => hooks.Requests.Count > 0, Patience);
        Assert.All(hooks.Requests, static request => Assert.True(request.IsSignedWith(Secret)));
        Assert.Single(Host.Agent!.ReadLog().Split('\n'), static line => line.Contains("not bound to their destination", StringComparison.Ordinal));

        await Host.StopAgentAsync();
        foreach (var (key, value) in copies)
            await Etcd.PutAsync(key, value);
        await Etcd.PutAsync(KeyOf(id), changed);
        await StartAsync(requireBound: "yes");
        await AssertRefusedAsync(id, "has type aes-256-gcm, which is not bound to its destination, and SECRET_STORAGE_REQUIRE_BOUND refuses such");
        Assert.Empty(evil.Requests);

        // Without that setting it is as it was before all of this: whoever can write etcd decides.
        await RestartAsync();
        await Wait.UntilAsync("the attacker's request", () => evil.Requests.Count > 0, Patience);
    }

    [Theory]
    [InlineData("the program")]
    [InlineData("an argument")]
    [InlineData("a variable more")]
    [InlineData("a variable in clear")]
    public async Task A_program_that_was_changed_in_etcd_is_not_run_and_says_why(string change)
    {
        await Bed.ResetAsync();
        string ran = folder[$"ran-{Guid.NewGuid()}"];
        string program = folder.Script("honest", $"echo \"$@\" $API_URL $TOKEN >> {ran}");
        string other = folder.Script("other", $"echo evil $TOKEN >> {ran}");
        await StartAsync();
        var wish = new JsonObject
        {
            ["plugin"] = "exec",
            ["plugin_config"] = new JsonObject
            {
                ["resource_id"] = "db",
                ["command"] = new JsonArray(program, "--to", "lb.example"),
                ["environment"] = new JsonObject { ["API_URL"] = "https://lb.example", ["TOKEN"] = "planted-token" },
            },
        };
        string id = (string)(await Host.Api.PostAsync("/endpoints", wish)).Expect(201).Json["endpoint"]!["id"]!;
        await Wait.UntilAsync("the program ran", () => File.Exists(ran), Patience);
        await Host.StopAgentAsync();
        string before = await File.ReadAllTextAsync(ran, TestContext.Current.CancellationToken);
        Assert.StartsWith("--to lb.example ACTIVATED https://lb.example planted-token\n", before, StringComparison.Ordinal);

        string given = (await Etcd.GetAsync(KeyOf(id)))!;
        var record = JsonNode.Parse(given)!;
        var config = record["plugin_config"]!;
        if (change == "the program")
            config["command"]![0] = other;
        else if (change == "an argument")
            config["command"]![2] = "evil.example";
        else
            config["environment"]![change == "a variable more" ? "HTTPS_PROXY" : "API_URL"] = "https://evil.example";
        await Etcd.PutAsync(KeyOf(id), record.ToJsonString());
        await StartAsync();
        await AssertRefusedAsync(id, change == "a variable in clear" ? "somebody has written it there since" : "was given for another destination than etcd has now: plugin, command, ip");
        // The second start finds what the first one may have made of it.
        await RestartAsync();
        await AssertRefusedAsync(id, "nothing is sent");
        Assert.Equal(before, await File.ReadAllTextAsync(ran, TestContext.Current.CancellationToken));

        await Host.StopAgentAsync();
        await Etcd.PutAsync(KeyOf(id), given);
        await StartAsync();
        await WaitForStateAsync(Host, id, "ACTIVATED");
        await Wait.UntilAsync("the program ran again", () => File.ReadAllText(ran).Length > before.Length, Patience);
        Assert.DoesNotContain("evil", await File.ReadAllTextAsync(ran, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_in_etcd_that_is_none_is_left_alone_and_keeps_no_other_from_running()
    {
        await Bed.ResetAsync();
        const string half = "\\ud800";
        foreach (var (id, plugin, config) in ((string, string, string)[])
            [
                ("vip-1", "arp", $$"""{"ip":"{{half}}"}"""), ("vip-22222222-2222-4222-8222-222222222222", "webhook", $$"""{"url":"{{half}}","secret":"x","resource_id":"front"}"""),
                ("vip-3", "webhook", $$"""{"url":"http://127.0.0.1:9/","secret":{"id":"{{half}}"},"resource_id":"{{half}}"}"""),
                ("vip-4", "exec", $$"""{"command":["{{half}}"],"resource_id":"db"}"""), ("vip-5", "arp", $$"""{"{{half}}":"","ip":"10.77.0.201/32"}"""),
            ])
            await Etcd.PutAsync(KeyOf(id), $$"""{"id":"{{id}}","ip":"","healthcheck_interval":0,"plugin":"{{plugin}}","plugin_config":{{config}}}""");
        await StartAsync();
        string good = await Host.Api.AddAsync(TestBed.Vip);
        await WaitForStateAsync(Host, good, "ACTIVATED");
        Assert.Equal([good], (await Host.Api.StatesAsync()).Keys);
        string log = await File.ReadAllTextAsync(Host.Log, TestContext.Current.CancellationToken);
        for (int i = 1; i <= 5; i++)
            Assert.Contains($"{KeyOf(i == 2 ? "vip-22222222-2222-4222-8222-222222222222" : $"vip-{i}")}: is not JSON: it has text that is not Unicode", log, StringComparison.Ordinal);
    }

    private static string KeyOf(string id) => $"/link/hosts/h1/{id}";

    private async Task AssertRefusedAsync(string id, string reason)
    {
        await WaitForStateAsync(Host, id, "FAILING");
        string shown = (await Host.Api.GetAsync($"/endpoints/{id}")).Expect(200).Text;
        string error = (string)JsonNode.Parse(shown)!["endpoint"]!["last_error"]!;
        Assert.Contains(reason, error, StringComparison.Ordinal);
        Assert.Contains("delete the endpoint and add it again with its secrets", error, StringComparison.Ordinal);
        Assert.DoesNotContain("planted", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("planted", await File.ReadAllTextAsync(Host.Log, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    private async Task StartAsync(string format = "", string requireBound = "")
    {
        await Host.StartAgentAsync(new Dictionary<string, string>
        {
            ["SECRET_STORAGE_ENCRYPTION_KEY"] = _key,
            ["SECRET_STORAGE_FORMAT"] = format,
            ["SECRET_STORAGE_REQUIRE_BOUND"] = requireBound,
            ["EXEC_DIRECTORIES"] = folder.Path,
            ["EXEC_ENVIRONMENT_ALLOW"] = "API_URL,TOKEN,HTTPS_PROXY",
        });
        await Wait.UntilAsync("health", async () => (await Host.Api.GetAsync("/health")).Status == 200, Patience);
    }

    private async Task RestartAsync(string format = "", string requireBound = "")
    {
        await Host.StopAgentAsync();
        await StartAsync(format, requireBound);
    }

    private async Task<string> AddAsync(string resource) => (string)(await Host.Api.PostAsync("/endpoints", new JsonObject
    {
        ["plugin"] = "webhook",
        ["plugin_config"] = new JsonObject
        {
            ["url"] = $"http://127.0.0.1:{HookPort}/hook",
            ["resource_id"] = resource,
            ["secret"] = Secret,
            ["headers"] = new JsonObject { ["Authorization"] = Token },
        },
    })).Expect(201).Json["endpoint"]!["id"]!;

    private Task<(int Code, string Output, string Error)> ClientAsync(params string[] arguments) => Tool.TryAsync(Programs.LinkClient, ["--socket", Host.Socket, .. arguments]);
}
