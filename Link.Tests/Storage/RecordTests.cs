using System.Globalization;
using System.Text;
using Link.Core.HealthChecks;
using Link.Core.Storage;
using Xunit;

namespace Link.Tests.Storage;

public sealed class RecordTests
{
    private const string Key = "/link/hosts/web-1/vip-1";

    /// <summary>As LinK 3.0 to 3.3 wrote them.</summary>
    public static TheoryData<string> EndpointsOfLink3 =>
    [
        """{"id":"vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf","ip":"","healthcheck_interval":0,"plugin":"arp","plugin_config":{"ip":"10.77.0.200/32"}}""",
        """{"id":"vip-7d70d42d-effb-48aa-92d5-1bd59b141fe0","ip":"","checks":[{"type":"TCP","host":"127.0.0.1","port":9}],"healthcheck_interval":7,"plugin":"arp","plugin_config":{"ip":"10.77.0.201/32"}}""",
        """{"id":"vip-09190ff2-bd5c-4324-ba01-163241eded52","ip":"","healthcheck_interval":0,"plugin":"webhook","plugin_config":{"url":"http://127.0.0.1:9/hook?a=1\u0026b=2","headers":{"Authorization":{"id":"sec-1fbddbad-d36a-4c71-8906-86caec722c58","endpoint_id":""}},"secret":{"id":"sec-936a996c-fe9b-4a78-916e-350315d96f2d","endpoint_id":""},"resource_id":"res-1"}}""",
        """{"id":"vip-f1ce2921-b0a1-42ff-bc72-ba5de41d07e7","ip":"","healthcheck_interval":0,"plugin":"outscale_public_ip","plugin_config":{"access_key":{"type":"aes-cfb","data":"4eae"},"secret_key":{"type":"aes-cfb","data":"6276"},"region":"test-region","public_ip_id":"eipalloc-abc123","nic_id":"eni-abc123"}}""",
    ];

    [Theory]
    [MemberData(nameof(EndpointsOfLink3))]
    public void An_endpoint_is_written_byte_for_byte_as_LinK_wrote_it(string json) => Assert.Equal(json, Text(Endpoint(json).Write()));

    [Fact]
    public void An_endpoint_says_what_it_is()
    {
        var endpoint = Endpoint(
            """{"id":"vip-1","ip":"","checks":[{"type":"TCP","host":"10.0.0.9","port":80}],"healthcheck_interval":7,"plugin":"arp","plugin_config":{"ip":"10.0.0.1/32"}}""");

        Assert.Equal(("vip-1", 7, "arp", false), (endpoint.Id, endpoint.HealthcheckInterval, endpoint.Plugin, endpoint.IsOldForm));
        Assert.Equal(new HealthCheck("TCP", "10.0.0.9", 80), Assert.Single(endpoint.Checks));
        Assert.Equal("10.0.0.1/32", endpoint.ParsePluginConfig().GetProperty("ip").GetString());
    }

    [Fact]
    public void What_we_do_not_know_survives_a_rewrite()
    {
        const string json =
            """{"id":"vip-1","ip":"","healthcheck_interval":0,"plugin":"bgp","plugin_config":{"asn":6.5e4,"x":"\u00e9 \" y"},"color":"blue","nested":{"a":[1,null]}}""";

        Assert.Equal(json, Text(Endpoint(json).Write()));
    }

    [Fact]
    public void White_space_of_a_users_configuration_is_not_stored()
    {
        var endpoint = new EndpointRecord { Id = "vip-1", Plugin = "webhook", PluginConfig = "{ \"url\" : \"a \\\" b\",\n\t\"n\": [1, 2] }" };

        Assert.Equal("""{"id":"vip-1","ip":"","healthcheck_interval":0,"plugin":"webhook","plugin_config":{"url":"a \" b","n":[1,2]}}""", Text(endpoint.Write()));
    }

    [Theory]
    [InlineData("""{"id":"vip-1","ip":"10.77.0.200/32","checks":[{"type":"TCP","host":"10.77.0.2","port":2379}],"healthcheck_interval":0}""")]
    [InlineData("""{"id":"vip-1","ip":"10.77.0.200/32","checks":[{"type":"TCP","host":"10.77.0.2","port":2379}],"healthcheck_interval":0,"plugin":"","plugin_config":null}""")]
    public void An_endpoint_of_LinK_2_is_one_of_plugin_arp(string json)
    {
        var endpoint = Endpoint(json);

        Assert.True(endpoint.IsOldForm);
        Assert.Equal(
            """{"id":"vip-1","ip":"","checks":[{"type":"TCP","host":"10.77.0.2","port":2379}],"healthcheck_interval":0,"plugin":"arp","plugin_config":{"ip":"10.77.0.200/32"}}""",
            Text(endpoint.Write()));
    }

    [Fact]
    public void An_endpoint_of_LinK_1_keeps_its_interval_and_its_lease()
    {
        var endpoint = Endpoint("""{"id":"vip-1","ip":"10.77.0.200/32","lease_id":2750188626263392008,"keepalive_interval":4,"healthcheck_interval":0}""");

        Assert.Equal(2750188626263392008, endpoint.LeaseId);
        Assert.Contains("\"keepalive_interval\":4", Text(endpoint.Write()));
        Assert.DoesNotContain("lease_id", Text((endpoint with { LeaseId = 0 }).Write()));
    }

    [Theory]
    [InlineData("", "is not JSON: ")]
    [InlineData("locked", "is not JSON: ")]
    [InlineData("{\"id\":\"vip-1\"", "is not JSON: ")]
    [InlineData("[]", "is not a JSON object")]
    [InlineData("{}", "field id is missing")]
    [InlineData("""{"id":"vip-1"}""", "has neither a plugin nor an ip")]
    [InlineData("""{"id":7}""", "field id is not a string")]
    [InlineData("""{"id":"vip-1","plugin":"arp","healthcheck_interval":"x"}""", "field healthcheck_interval is not a whole number")]
    [InlineData("""{"id":"vip-1","plugin":"arp","healthcheck_interval":9999999999}""", "field healthcheck_interval is not a number of 32 bits")]
    [InlineData("""{"id":"vip-1","plugin":"arp","checks":{}}""", "field checks is not an array")]
    [InlineData("""{"id":"vip-1","plugin":"arp","checks":[1]}""", "field checks is not an array of objects")]
    public void A_broken_value_is_an_error_that_names_the_key(string json, string expected)
    {
        var result = EndpointRecord.Read(Key, Encoding.UTF8.GetBytes(json));

        Assert.Null(result.Value);
        Assert.StartsWith($"{Key}: {expected}", result.Error);
        Assert.DoesNotContain('\n', result.Error!);
    }

    [Fact]
    public void Text_that_is_not_UTF_8_is_an_error()
    {
        byte[] json = [.. "{\"id\":\""u8, 0xff, 0xfe, .. "\",\"plugin\":\"arp\"}"u8];

        Assert.StartsWith(Key + ": is not JSON", EndpointRecord.Read(Key, json).Error);
    }

    /// <summary>It would be found out when the plugin takes the text out, by an exception that ends the reading of all of the host's records.</summary>
    [Theory]
    [InlineData("""{"id":"vip-1","plugin":"arp","plugin_config":{"ip":"\ud800"}}""")]
    [InlineData("""{"id":"vip-1","plugin":"webhook","plugin_config":{"url":"http://h","\udc00":1}}""")]
    public void Text_that_is_no_Unicode_is_an_error_of_its_record_and_goes_no_further(string json)
    {
        ReadResult<EndpointRecord> read = EndpointRecord.Read(Key, Encoding.UTF8.GetBytes(json));

        Assert.Null(read.Value);
        Assert.Equal($"{Key}: is not JSON: it has text that is not Unicode", read.Error);
    }

    [Fact]
    public void A_long_value_that_is_no_JSON_is_told_in_short()
    {
        string error = EndpointRecord.Read(Key, Encoding.UTF8.GetBytes($"{{\"id\":nulu,{new string('x', 100_000)}}}")).Error!;

        Assert.StartsWith($"{Key}: is not JSON: 'nulu,xxx", error, StringComparison.Ordinal);
        Assert.EndsWith("... (line 1, byte 10)", error, StringComparison.Ordinal);
        Assert.InRange(error.Length, 1, 300);
    }

    [Fact]
    public void An_endpoint_of_more_checks_than_can_run_at_once_is_an_error()
    {
        string Of(int checks) => $$"""{"id":"vip-1","plugin":"arp","checks":[{{string.Join(',', Enumerable.Repeat("{}", checks))}}]}""";

        Assert.Equal(1000, Endpoint(Of(1000)).Checks.Count);
        Assert.Equal($"{Key}: field checks has 1001 checks; 1000 are the most", EndpointRecord.Read(Key, Encoding.UTF8.GetBytes(Of(1001))).Error);
    }

    [Theory]
    [InlineData("""{"hostname":"web-1","lease_id":2750188626273417737,"data_version":1}""", 1)]
    [InlineData("""{"hostname":"web-1","lease_id":2750188626263392008}""", 0)]
    public void A_host_is_written_as_LinK_wrote_it(string json, int dataVersion)
    {
        var host = HostRecord.Read("/link/config/web-1", Encoding.UTF8.GetBytes(json)).Value!;

        Assert.Equal(("web-1", dataVersion), (host.Hostname, host.DataVersion));
        Assert.Equal(json, Text(host.Write()));
    }

    [Fact]
    public void Our_own_host_record_has_the_present_version() =>
        Assert.Equal("""{"hostname":"web-1","lease_id":7587,"data_version":3}""", Text(new HostRecord("web-1", 7587).Write()));

    [Theory]
    [InlineData("2026-01-02T03:04:05.6789012Z", "2026-01-02T03:04:05.6789012Z")]
    [InlineData("2026-01-02T03:04:05.1200000Z", "2026-01-02T03:04:05.12Z")]
    [InlineData("2026-01-02T03:04:05.0000000Z", "2026-01-02T03:04:05Z")]
    [InlineData("2026-01-02T05:04:05.5+02:00", "2026-01-02T03:04:05.5Z")]
    public void The_time_has_the_form_of_Gos_RFC3339Nano(string time, string expected) =>
        Assert.Equal($$"""{"updated_at":"{{expected}}"}""", Text(new CompetitorRecord(DateTimeOffset.Parse(time, CultureInfo.InvariantCulture)).Write()));

    [Theory]
    [InlineData("2026-11-21T02:54:01.225571163Z", 225)]
    [InlineData("2026-11-21T02:54:01.22929915Z", 229)]
    [InlineData("2026-11-21T02:54:01Z", 0)]
    public void LinKs_nanoseconds_are_read(string time, int milliseconds)
    {
        var record = CompetitorRecord.Read("/link/ips/k/web-1", Encoding.UTF8.GetBytes($$"""{"updated_at":"{{time}}"}""")).Value!;

        Assert.Equal(new DateTime(2026, 11, 21, 2, 54, 1, milliseconds), record.UpdatedAt.UtcDateTime, TimeSpan.FromMilliseconds(1));
    }

    [Fact]
    public void A_competitor_without_a_time_still_competes() => Assert.NotNull(CompetitorRecord.Read("/link/ips/k/web-1", "{}"u8.ToArray()).Value);

    [Fact]
    public void An_agent_reads_back()
    {
        var agent = new AgentRecord("web-1", "4711", "1.0.0");
        var full = agent with { Heartbeat = "10.0.0.1:1314", IsStopped = true, Process = "boot/pid/1/2" };

        Assert.Equal("""{"hostname":"web-1","instance":"4711","version":"1.0.0"}""", Text(agent.Write()));
        Assert.Equal("""{"hostname":"web-1","instance":"4711","version":"1.0.0","heartbeat":"10.0.0.1:1314","stopped":true,"process":"boot/pid/1/2"}""", Text(full.Write()));
        Assert.Equal(agent, AgentRecord.Read("/link/agents/web-1", agent.Write()).Value);
        Assert.Equal(full, AgentRecord.Read("/link/agents/web-1", full.Write()).Value);

        AgentRecord reached = agent with { Reach = "10.0.0.1:40000" };
        Assert.Equal("""{"hostname":"web-1","instance":"4711","version":"1.0.0","reach":"10.0.0.1:40000"}""", Text(reached.Write()));
        Assert.Equal(reached, AgentRecord.Read("/link/agents/web-1", reached.Write()).Value);
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("a\nline")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public void An_instance_that_does_not_fit_a_log_line_is_no_instance(string instance)
    {
        ReadResult<AgentRecord> read = AgentRecord.Read("/link/agents/web-1", new AgentRecord("web-1", instance, "1").Write());
        Assert.Null(read.Value);
        Assert.Contains("/link/agents/web-1", read.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_agent_tells_its_hosts_own_addresses()
    {
        AgentRecord agent = new("web-1", "4711", "1.0.0") { Addresses = ["10.0.0.1", "2001:db8::1"] };

        Assert.Equal("""{"hostname":"web-1","instance":"4711","version":"1.0.0","addresses":["10.0.0.1","2001:db8::1"]}""", Text(agent.Write()));
        Assert.Equal(["10.0.0.1", "2001:db8::1"], AgentRecord.Read("/link/agents/web-1", agent.Write()).Value!.Addresses);
    }

    [Theory]
    [InlineData("\"10.0.0.1\"", 0)]
    [InlineData("{}", 0)]
    [InlineData("null", 0)]
    [InlineData("[1,null,{},[],\"10.0.0.1\"]", 1)]
    public void Addresses_that_cannot_be_read_do_not_make_the_agent_unreadable(string json, int count)
    {
        AgentRecord agent = AgentRecord.Read("/link/agents/web-1", Encoding.UTF8.GetBytes($$"""{"instance":"4711","addresses":{{json}}}""")).Value!;

        Assert.Equal("4711", agent.Instance);
        Assert.Equal(count, agent.Addresses.Count);
    }

    [Fact]
    public void Of_very_many_addresses_of_an_agent_the_first_ones_count()
    {
        var agent = new AgentRecord("web-1", "4711", "1.0.0") { Addresses = [.. Enumerable.Range(0, 1000).Select(static i => $"10.0.{i / 256}.{i % 256}")] };

        Assert.Equal(AgentRecord.MaxAddresses, AgentRecord.Read("/link/agents/web-1", agent.Write()).Value!.Addresses.Count);
    }

    private static EndpointRecord Endpoint(string json)
    {
        var result = EndpointRecord.Read(Key, Encoding.UTF8.GetBytes(json));
        Assert.Null(result.Error);
        return result.Value!;
    }

    private static string Text(byte[] json) => Encoding.UTF8.GetString(json);
}
