using Link.Core.Api;
using Xunit;

namespace Link.Tests.Api;

/// <summary>To the byte what LinK 3.3.0 answered, as recorded, with our fields after its own.</summary>
public sealed class LinkFormsTests
{
    private const string A = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";
    private const string B = "vip-7d70d42d-effb-48aa-92d5-1bd59b141fe0";

    private static readonly EndpointSnapshot s_plain = new() { Id = A, Status = "ACTIVATED", Plugin = "arp", ElectionKey = "10.77.0.200_32" };

    private static readonly EndpointSnapshot s_checked = new()
    {
        Id = B,
        Status = "ACTIVATED",
        Plugin = "arp",
        ElectionKey = "10.77.0.201_32",
        Checks = [new("TCP", "127.0.0.1", 9)],
        HealthcheckIntervalSeconds = 7,
    };

    [Fact]
    public async Task The_version_is_an_object_with_a_newline()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync("GET", "/version");
        Assert.Equal((200, "{\"version\":\"1.2.3\"}\n"), (reply.Status, reply.Body));
        Assert.Equal("application/json", reply.Header("Content-Type"));
        Assert.Null(reply.Header("Server"));
    }

    [Theory]
    [InlineData("/endpoints", "{\"endpoints\":[]}\n")]
    [InlineData("/ips", "{\"ips\":[]}\n")]
    public async Task An_empty_list_is_an_empty_array(string path, string expected)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync("GET", path);
        Assert.Equal((200, expected), (reply.Status, reply.Body));
    }

    [Theory]
    [InlineData("endpoints")]
    [InlineData("ips")]
    public async Task A_list_has_LinKs_fields_in_LinKs_order(string name)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(s_checked, s_plain);
        ApiReply reply = await api.SendAsync("GET", $"/{name}");
        Assert.Equal(
            $"{{\"{name}\":[{{\"id\":\"{A}\",\"status\":\"ACTIVATED\",\"healthcheck_interval\":0,\"plugin\":\"arp\",\"election_key\":\"10.77.0.200_32\"}},"
            + $"{{\"id\":\"{B}\",\"status\":\"ACTIVATED\",\"checks\":[{{\"type\":\"TCP\",\"host\":\"127.0.0.1\",\"port\":9}}],\"healthcheck_interval\":7,\"plugin\":\"arp\",\"election_key\":\"10.77.0.201_32\"}}]}}\n",
            reply.Body);
    }

    [Theory]
    [InlineData("endpoints", "endpoint")]
    [InlineData("ips", "ip")]
    public async Task One_endpoint_is_wrapped_by_its_name(string path, string name)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(s_plain);
        ApiReply reply = await api.SendAsync("GET", $"/{path}/{A}");
        Assert.Equal($"{{\"{name}\":{{\"id\":\"{A}\",\"status\":\"ACTIVATED\",\"healthcheck_interval\":0,\"plugin\":\"arp\",\"election_key\":\"10.77.0.200_32\"}}}}\n", reply.Body);
    }

    [Fact]
    public async Task Our_fields_follow_LinKs()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        DateTimeOffset since = new(2026, 1, 2, 4, 4, 5, 678, TimeSpan.FromHours(1));
        api.Agent.Have(s_plain with
        {
            Ip = "10.77.0.200/32",
            Interface = "eth0",
            Holder = "web-1",
            Reason = "carrier of \"eth0\" lost",
            Output = "failed",
            Since = since,
            OnEtcdLoss = "hold",
            Rivals = 2,
            LastError = "x",
            LastErrorAt = since.AddSeconds(1),
            LastErrorAnswer = "y",
        });
        ApiReply reply = await api.SendAsync("GET", $"/endpoints/{A}");
        Assert.Equal(
            $"{{\"endpoint\":{{\"id\":\"{A}\",\"status\":\"ACTIVATED\",\"healthcheck_interval\":0,\"plugin\":\"arp\",\"election_key\":\"10.77.0.200_32\","
            + "\"ip\":\"10.77.0.200/32\",\"interface\":\"eth0\",\"holder\":\"web-1\",\"reason\":\"carrier of \\\"eth0\\\" lost\",\"output\":\"failed\",\"since\":\"2026-01-02T03:04:05.678Z\","
            + "\"on_etcd_loss\":\"hold\",\"rivals\":2,\"last_error\":\"x\",\"last_error_at\":\"2026-01-02T03:04:06.678Z\",\"last_error_answer\":\"y\"}}\n",
            reply.Body);
    }

    [Theory]
    [InlineData("endpoints")]
    [InlineData("ips")]
    public async Task The_configuration_of_another_plugin_is_the_last_field(string path)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        const string config = """{"url":"https://lb.example/vip","headers":{"Authorization":"***"},"secret":"***","resource_id":"front"}""";
        api.Agent.Have(s_plain with { Plugin = "webhook", ElectionKey = "webhook/front", PluginConfigJson = config, LastError = "x" });
        ApiReply reply = await api.SendAsync("GET", $"/{path}/{A}");
        Assert.EndsWith($",\"election_key\":\"webhook/front\",\"last_error\":\"x\",\"plugin_config\":{config}}}}}\n", reply.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Arp_shows_its_configuration_in_fields_of_its_own()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(s_plain with { PluginConfigJson = """{"ip":"10.77.0.200/32"}""" });
        Assert.DoesNotContain("plugin_config", (await api.SendAsync("GET", $"/endpoints/{A}")).Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_endpoint_is_answered_wrapped_with_201()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync(
            "POST",
            "/endpoints",
            """{"plugin":"arp","plugin_config":{"ip":"10.77.0.201/32"},"checks":[{"type":"TCP","host":"127.0.0.1","port":9}],"healthcheck_interval":7}""");
        Assert.Equal(201, reply.Status);
        Assert.StartsWith(
            "{\"endpoint\":{\"id\":\"vip-00000000-0000-4000-8000-000000000001\",\"status\":\"BOOTING\",\"checks\":[{\"type\":\"TCP\",\"host\":\"127.0.0.1\",\"port\":9}],\"healthcheck_interval\":7,\"plugin\":\"arp\",\"election_key\":\"10.77.0.201_32\"",
            reply.Body,
            StringComparison.Ordinal);
        Assert.Equal("{\"ip\":\"10.77.0.201/32\"}", api.Agent.LastWish!.PluginConfig.GetRawText());
    }

    [Fact]
    public async Task A_new_ip_is_answered_bare_with_201()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync("POST", "/ips", """{"ip":"10.77.0.200/32","checks":[],"healthcheck_interval":0}""");
        Assert.Equal(201, reply.Status);
        Assert.Equal(
            "{\"id\":\"vip-00000000-0000-4000-8000-000000000001\",\"status\":\"BOOTING\",\"healthcheck_interval\":0,\"plugin\":\"arp\",\"election_key\":\"10.77.0.200_32\",\"ip\":\"10.77.0.200/32\"}\n",
            reply.Body);
        Assert.Equal(("arp", "{\"ip\":\"10.77.0.200/32\"}"), (api.Agent.LastWish!.Plugin, api.Agent.LastWish.PluginConfig.GetRawText()));
    }

    [Fact]
    public async Task The_record_that_LinK_1s_client_sends_is_taken()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync("POST", "/ips", """{"id":"","ip":"10.0.0.1/32","checks":null,"keepalive_interval":0,"healthcheck_interval":0,"status":""}""");
        Assert.Equal(201, reply.Status);
    }

    [Theory]
    [InlineData("PUT", "endpoints")]
    [InlineData("PATCH", "endpoints")]
    [InlineData("PUT", "ips")]
    [InlineData("PATCH", "ips")]
    public async Task New_checks_are_answered_by_the_bare_endpoint(string method, string path)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(s_plain);
        ApiReply reply = await api.SendAsync(method, $"/{path}/{A}", """{"healthchecks":[{"type":"TCP","host":"10.77.0.2","port":2379}]}""");
        Assert.Equal(200, reply.Status);
        Assert.Equal(
            $"{{\"id\":\"{A}\",\"status\":\"ACTIVATED\",\"checks\":[{{\"type\":\"TCP\",\"host\":\"10.77.0.2\",\"port\":2379}}],\"healthcheck_interval\":0,\"plugin\":\"arp\",\"election_key\":\"10.77.0.200_32\"}}\n",
            reply.Body);
    }

    [Fact]
    public async Task Null_checks_from_Gos_clients_remove_the_checks()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(s_checked);
        ApiReply reply = await api.SendAsync("PATCH", $"/ips/{B}", """{"healthchecks":null}""");
        Assert.Equal(200, reply.Status);
        Assert.Empty(api.Agent.LastChecks!);
    }

    [Theory]
    [InlineData("endpoints")]
    [InlineData("ips")]
    public async Task Hosts_are_objects(string path)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(s_plain);
        ApiReply reply = await api.SendAsync("GET", $"/{path}/{A}/hosts");
        Assert.Equal((200, "{\"hosts\":[{\"hostname\":\"web-1\"},{\"hostname\":\"web-2\"}]}\n"), (reply.Status, reply.Body));
    }

    [Theory]
    [InlineData("GET", "")]
    [InlineData("DELETE", "")]
    [InlineData("POST", "/failover")]
    [InlineData("POST", "/lock")]
    [InlineData("GET", "/hosts")]
    public async Task An_unknown_id_is_404_in_both_forms(string method, string rest)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply old = await api.SendAsync(method, $"/ips/{A}{rest}");
        Assert.Equal((404, "{\"resource\":\"IP\",\"error\":\"not found\",\"msg\":\"not found\"}\n"), (old.Status, old.Body));
        ApiReply reply = await api.SendAsync(method, $"/endpoints/{A}{rest}");
        Assert.Equal((404, "{\"error\":\"Endpoint not found\"}\n"), (reply.Status, reply.Body));
    }

    [Theory]
    [InlineData("DELETE", "/endpoints/" + A)]
    [InlineData("DELETE", "/ips/" + A)]
    [InlineData("POST", "/endpoints/" + A + "/failover")]
    [InlineData("POST", "/ips/" + A + "/failover")]
    [InlineData("POST", "/ips/" + A + "/lock")]
    public async Task Commands_end_with_204_and_no_body(string method, string path)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(s_plain);
        ApiReply reply = await api.SendAsync(method, path);
        Assert.Equal((204, ""), (reply.Status, reply.Body));
    }
}
