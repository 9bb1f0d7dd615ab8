using Link.Core.Api;
using Xunit;

namespace Link.Tests.Api;

public sealed class RoutesTests
{
    private const string Id = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";

    [Fact]
    public async Task Failover_takes_the_wanted_host()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(FakeAgent.Arp(Id, "10.0.0.1/32"));
        ApiReply reply = await api.SendAsync("POST", $"/endpoints/{Id}/failover", """{"to":"web-3"}""");
        Assert.Equal(204, reply.Status);
        Assert.Equal("web-3", api.Agent.LastTarget);
    }

    [Fact]
    public async Task A_refused_failover_says_why_with_409()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(FakeAgent.Arp(Id, "10.0.0.1/32", "STANDBY"));
        ApiReply reply = await api.SendAsync("POST", $"/endpoints/{Id}/failover");
        Assert.Equal((409, "{\"error\":\"web-1 is not the holder\"}\n"), (reply.Status, reply.Body));
    }

    [Fact]
    public async Task The_same_key_twice_is_409()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        await api.SendAsync("POST", "/ips", """{"ip":"10.0.0.1/32"}""");
        ApiReply reply = await api.SendAsync("POST", "/ips", """{"ip":"10.0.0.1/32"}""");
        Assert.Equal((409, "{\"error\":\"this host has an endpoint for 10.0.0.1_32 already\",\"msg\":\"this host has an endpoint for 10.0.0.1_32 already\"}\n"), (reply.Status, reply.Body));
    }

    [Fact]
    public async Task What_the_agent_finds_invalid_is_422_with_the_fields()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync("POST", "/ips", """{"ip":"10.0.0.1/32","healthcheck_interval":4000}""");
        Assert.Equal((422, "{\"error\":\"healthcheck_interval must be 0 to 3600\",\"errors\":{\"healthcheck_interval\":[\"must be 0 to 3600\"]},\"msg\":\"healthcheck_interval must be 0 to 3600\"}\n"), (reply.Status, reply.Body));
    }

    [Fact]
    public async Task Interface_and_policy_of_an_ip_go_into_the_plugins_configuration()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        await api.SendAsync("POST", "/ips", """{"ip":"10.0.0.1/32","interface":"eth1","on_etcd_loss":"release"}""");
        Assert.Equal("""{"ip":"10.0.0.1/32","interface":"eth1","on_etcd_loss":"release"}""", api.Agent.LastWish!.PluginConfig.GetRawText());
    }

    [Theory]
    [InlineData(nameof(OutcomeStatus.Unavailable), 503)]
    [InlineData(nameof(OutcomeStatus.Conflict), 409)]
    public async Task A_command_that_did_not_work_says_why(string status, int expected)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Command = _ => Task.FromResult(new Outcome(Enum.Parse<OutcomeStatus>(status), "because\nof this"));
        ApiReply reply = await api.SendAsync("DELETE", $"/endpoints/{Id}");
        Assert.Equal((expected, "{\"error\":\"because of this\"}\n"), (reply.Status, reply.Body));
    }

    [Fact]
    public async Task Health_tells_all_and_is_200()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(FakeAgent.Arp(Id, "10.0.0.1/32"));
        ApiReply reply = await api.SendAsync("GET", "/health");
        Assert.Equal(200, reply.Status);
        Assert.Equal(
            "{\"healthy\":true,\"etcd\":\"ok\",\"etcd_endpoint\":\"http://10.0.0.5:2379\",\"hostname\":\"web-1\",\"version\":\"1.2.3\",\"drained\":false,\"endpoints\":1,\"activated\":1}\n",
            reply.Body);
        Assert.Null(reply.Header("X-Link-Etcd"));
    }

    [Fact]
    public async Task An_unhealthy_agent_is_503_with_the_reason()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        (api.Agent.Etcd, api.Agent.UnhealthyBecause) = ("lost", "etcd is lost");
        ApiReply reply = await api.SendAsync("GET", "/health");
        Assert.Equal(503, reply.Status);
        Assert.StartsWith("{\"healthy\":false,\"reason\":\"etcd is lost\",\"etcd\":\"lost\",", reply.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/endpoints")]
    [InlineData("/ips")]
    [InlineData("/endpoints/" + Id)]
    [InlineData("/endpoints/" + Id + "/hosts")]
    [InlineData("/health")]
    public async Task Answers_from_memory_say_that_etcd_is_silent(string path)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(FakeAgent.Arp(Id, "10.0.0.1/32"));
        api.Agent.Etcd = "silent";
        ApiReply reply = await api.SendAsync("GET", path);
        Assert.Equal((200, "silent"), (reply.Status, reply.Header("X-Link-Etcd")));
    }

    [Fact]
    public async Task A_list_from_before_the_agent_knew_its_endpoints_is_not_called_fresh()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Etcd = "connecting";
        int asked = 0;
        api.Agent.Question = _ =>
        {
            if (++asked == 2)
            {
                api.Agent.Etcd = "ok";
                api.Agent.Have(FakeAgent.Arp("vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf", "10.0.0.1/32"));
            }

            return Task.CompletedTask;
        };
        ApiReply reply = await api.SendAsync("GET", "/endpoints");
        Assert.True(reply.Header("X-Link-Etcd") == "connecting" || reply.Body.Contains("10.0.0.1", StringComparison.Ordinal), reply.Body);
    }

    [Fact]
    public async Task Drain_tells_its_message_and_undrain_has_none()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply drain = await api.SendAsync("POST", "/drain");
        Assert.Equal((200, "{\"message\":\"1 endpoint handed over\"}\n", true), (drain.Status, drain.Body, api.Agent.Drained));
        ApiReply undrain = await api.SendAsync("POST", "/undrain");
        Assert.Equal((204, "", false), (undrain.Status, undrain.Body, api.Agent.Drained));
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData("{}", false)]
    [InlineData("{\"force\":true}", true)]
    public async Task A_rotation_ends_with_204(string? body, bool force)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync("POST", "/encrypted_storage/key_rotation", body);
        Assert.Equal((204, "", force), (reply.Status, reply.Body, api.Agent.LastForce));
    }

    [Theory]
    [InlineData("{\"force\":1}", 422, "force is a number; expected true or false")]
    [InlineData("{\"forced\":true}", 422, "forced is not known; known: force")]
    [InlineData("true", 400, "the body is a truth value; expected a JSON object")]
    public async Task A_rotation_with_a_wrong_body_does_not_begin(string body, int status, string error)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync("POST", "/encrypted_storage/key_rotation", body);
        Assert.Equal(status, reply.Status);
        Assert.StartsWith($"{{\"error\":\"{error}\"", reply.Body, StringComparison.Ordinal);
        Assert.Null(api.Agent.LastForce);
    }

    [Theory]
    [InlineData(nameof(OutcomeStatus.Conflict), 409, "there are no alternate keys")]
    [InlineData(nameof(OutcomeStatus.Conflict), 409, "2 secrets open with none of the keys: sec-1, sec-2")]
    public async Task A_rotation_that_did_not_work_says_why(string status, int expected, string error)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Command = _ => Task.FromResult(new Outcome(Enum.Parse<OutcomeStatus>(status), error));
        ApiReply reply = await api.SendAsync("POST", "/encrypted_storage/key_rotation");
        Assert.Equal((expected, $"{{\"error\":\"{error}\"}}\n"), (reply.Status, reply.Body));
    }

    [Fact]
    public async Task The_rotations_progress_leaves_out_what_is_not_known()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply none = await api.SendAsync("GET", "/encrypted_storage/key_rotation");
        Assert.Equal((200, "{\"running\":false,\"total\":0,\"done\":0,\"failed\":0}\n"), (none.Status, none.Body));
        DateTimeOffset start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
        api.Agent.Rotation = new RotationSnapshot { Total = 3, Done = 2, Failed = 1, StartedAt = start, EndedAt = start.AddSeconds(1), Error = "sec-1 opens with none of the keys" };
        Assert.Equal(
            "{\"running\":false,\"total\":3,\"done\":2,\"failed\":1,\"started_at\":\"2026-01-02T03:04:05.000Z\",\"ended_at\":\"2026-01-02T03:04:06.000Z\",\"error\":\"sec-1 opens with none of the keys\"}\n",
            (await api.SendAsync("GET", "/encrypted_storage/key_rotation")).Body);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/nothing")]
    [InlineData("/endpoints/")]
    [InlineData("/x//endpoints")]
    [InlineData("/Endpoints")]
    [InlineData("/endpoints/" + Id + "/hosts/x")]
    [InlineData("/endpoints/" + Id + "/nothing")]
    [InlineData("/a/b/c/d/e/f/g")]
    public async Task An_unknown_route_is_404_in_JSON(string path)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync("GET", path);
        Assert.Equal(path == "/endpoints/" ? 400 : 404, reply.Status);
        Assert.StartsWith("{\"error\":\"", reply.Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("DELETE", "/version", "GET, HEAD")]
    [InlineData("POST", "/health", "GET, HEAD")]
    [InlineData("GET", "/drain", "POST")]
    [InlineData("GET", "/undrain", "POST")]
    [InlineData("DELETE", "/encrypted_storage/key_rotation", "GET, HEAD, POST")]
    [InlineData("DELETE", "/endpoints", "GET, HEAD, POST")]
    [InlineData("OPTIONS", "/ips", "GET, HEAD, POST")]
    [InlineData("POST", "/ips/" + Id, "GET, HEAD, PUT, PATCH, DELETE")]
    [InlineData("GET", "/ips/" + Id + "/lock", "POST")]
    [InlineData("GET", "/endpoints/" + Id + "/failover", "POST")]
    [InlineData("POST", "/endpoints/" + Id + "/hosts", "GET, HEAD")]
    public async Task A_wrong_method_is_405_and_says_the_right_ones(string method, string path, string allow)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply reply = await api.SendAsync(method, path);
        Assert.Equal((405, allow), (reply.Status, reply.Header("Allow")));
    }

    [Theory]
    [InlineData("/version")]
    [InlineData("/endpoints")]
    [InlineData("/health")]
    public async Task HEAD_is_GET_without_the_body(string path)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ApiReply get = await api.SendAsync("GET", path);
        ApiReply head = await api.SendAsync("HEAD", path);
        Assert.Equal((200, "", get.Header("Content-Length")), (head.Status, head.Body, head.Header("Content-Length")));
    }

    [Theory]
    [InlineData("banana")]
    [InlineData("vip-5f09bd47-2074-4fe3-bea5-de5cd4f44ba")]
    [InlineData("vip-5f09bd47-2074-4fe3-bea5-de5cd4f44bafa")]
    [InlineData("vip-5f09bd47-2074-4fe3-bea5-de5cd4f44ba_")]
    [InlineData("VIP-5f09bd47-2074-4fe3-bea5-de5cd4f44baf")]
    [InlineData("vip-5f09bd47%2F2074-4fe3-bea5-de5cd4f44ba")]
    [InlineData("vip-5f09bd47-2074-4fe3-bea5-de5cd4f44b%C3%A9")]
    public async Task An_id_of_another_shape_is_400(string id)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        foreach ((string method, string path) in new[] { ("GET", ""), ("DELETE", ""), ("PATCH", ""), ("POST", "/failover"), ("POST", "/lock"), ("GET", "/hosts") })
        {
            Assert.Equal(400, (await api.SendAsync(method, $"/endpoints/{id}{path}", method == "PATCH" ? "{}" : null)).Status);
        }
    }
}
