using System.Text.Json;
using Link.Core.Api;
using Link.Tests.Api;
using Xunit;

namespace Link.Tests.Client;

public sealed class CommandsTests
{
    private const string A = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";
    private const string B = "vip-5f0d70d4-effb-48aa-92d5-1bd59b141fe0";

    private static async Task<RunningApi> StartAsync()
    {
        RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(
            FakeAgent.Arp(A, "10.0.0.1/32") with { Holder = "web-1", Interface = "eth0", Checks = [new("TCP", "127.0.0.1", 80), new("TCP", "::1", 81)], Since = DateTimeOffset.UnixEpoch },
            FakeAgent.Arp(B, "10.0.0.2/32", "FAILING") with { Reason = "TCP 127.0.0.1:80 refused", Since = DateTimeOffset.UnixEpoch });
        return api;
    }

    [Theory]
    [InlineData("list")]
    [InlineData("ls")]
    [InlineData("ips list")]
    [InlineData("endpoints list")]
    [InlineData("endpoints list --output table")]
    public async Task List_is_an_aligned_table(string line)
    {
        await using RunningApi api = await StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal(
            $"""
            ID                                        STATUS     ADDRESS      INTERFACE  HOLDER  CHECKS                         REASON
            {A}  ACTIVATED  10.0.0.1/32  eth0       web-1   TCP 127.0.0.1:80,TCP [::1]:81  -
            {B}  FAILING    10.0.0.2/32  -          -       -                              TCP 127.0.0.1:80 refused

            """,
            result.Output);
        Assert.Equal((0, ""), (result.Code, result.Error));
    }

    [Fact]
    public async Task List_says_when_the_agent_answers_from_memory()
    {
        await using RunningApi api = await StartAsync();
        api.Agent.Etcd = "lost";
        ClientResult result = await ClientRunner.RunAsync(api, "list");
        Assert.Contains("10.0.0.1/32", result.Output, StringComparison.Ordinal);
        Assert.Equal("etcd is lost: each endpoint's on_etcd_loss applies, and holders are as last heard\n", result.Error);
    }

    [Fact]
    public async Task An_agent_that_never_heard_of_etcd_does_not_say_that_there_is_nothing()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Etcd = "connecting";
        ClientResult result = await ClientRunner.RunAsync(api, "list");
        Assert.Equal("no endpoints are known yet\n", result.Output);
        Assert.Contains("etcd has not answered", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task On_a_terminal_ids_are_short_and_states_have_colours()
    {
        await using RunningApi api = await StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, "list", isTerminal: true);
        Assert.Contains("\nvip-5f09bd47  \e[32mACTIVATED\e[0m  10.0.0.1/32", result.Output, StringComparison.Ordinal);
        Assert.Contains("\nvip-5f0d70d4  \e[31mFAILING\e[0m    10.0.0.2/32", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Colours_can_be_turned_off()
    {
        await using RunningApi api = await StartAsync();
        Assert.DoesNotContain("\e", (await ClientRunner.RunAsync(api, "list --no-color", isTerminal: true)).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\e", (await ClientRunner.RunAsync(api, "list", isTerminal: true, ("NO_COLOR", "1"))).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Control_characters_from_other_hosts_do_not_reach_the_terminal()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(FakeAgent.Arp(A, "10.0.0.1/32") with { Holder = "evil\e[2J\nhost", Reason = "\a" });
        Assert.DoesNotContain("\e", (await ClientRunner.RunAsync(api, "list")).Output, StringComparison.Ordinal);
        Assert.DoesNotContain("\e", (await ClientRunner.RunAsync(api, "show 10.0.0.1")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("list")]
    [InlineData("ips list")]
    public async Task An_empty_list_says_how_to_go_on(string line)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal((0, "no endpoints on web-1; add one: link-client ips add 10.0.0.1/32\n"), (result.Code, result.Output));
        Assert.Equal("[]\n", (await ClientRunner.RunAsync(api, line + " -o json")).Output);
    }

    [Theory]
    [InlineData("list -o json")]
    [InlineData("ips list --output json")]
    public async Task JSON_is_one_document_of_the_APIs_objects(string line)
    {
        await using RunningApi api = await StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, line);
        using JsonDocument document = JsonDocument.Parse(result.Output);
        Assert.Equal([A, B], document.RootElement.EnumerateArray().Select(item => item.GetProperty("id").GetString()));
        Assert.Equal("eth0", document.RootElement[0].GetProperty("interface").GetString());
    }

    [Theory]
    [InlineData("show " + A)]
    [InlineData("get " + A)]
    [InlineData("show --endpoint-id " + A)]
    [InlineData("get --id " + A)]
    [InlineData("show --endpoint " + A)]
    [InlineData("ips show 10.0.0.1")]
    [InlineData("ips get 10.0.0.1/32")]
    [InlineData("endpoints show 10.0.0.1_32")]
    [InlineData("endpoints get vip-5f09")]
    [InlineData("show 5f09")]
    [InlineData("show 5F09BD47")]
    public async Task Show_finds_by_id_start_of_id_address_or_key(string line)
    {
        await using RunningApi api = await StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal(
            $"""
            ID            {A}
            STATUS        ACTIVATED
            SINCE         1970-01-01 00:00:00 UTC
            PLUGIN        arp
            ADDRESS       10.0.0.1/32
            INTERFACE     eth0
            ELECTION KEY  10.0.0.1_32
            HOLDER        web-1
            CHECKS        TCP 127.0.0.1:80,TCP [::1]:81

            """,
            result.Output);
        Assert.Equal(0, result.Code);
    }

    [Theory]
    [InlineData("show vip-5f0")]
    [InlineData("ips delete 5")]
    [InlineData("failover v")]
    public async Task An_ambiguous_start_lists_the_candidates(string line)
    {
        await using RunningApi api = await StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal((1, ""), (result.Code, result.Output));
        Assert.Contains($"may be any of {A} (10.0.0.1/32), {B} (10.0.0.2/32); write more of the id", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("delete vip-")]
    [InlineData("ips delete v")]
    [InlineData("failover VIP")]
    public async Task What_every_id_starts_with_does_not_mean_the_only_endpoint(string line)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Have(FakeAgent.Arp(A, "10.0.0.1/32"));
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal((1, ""), (result.Code, result.Output));
        Assert.EndsWith($" may be any of {A} (10.0.0.1/32); write more of the id\n", result.Error, StringComparison.Ordinal);
        Assert.Equal(200, (await api.SendAsync("GET", $"/endpoints/{A}")).Status);
    }

    [Theory]
    [InlineData("show vip-6")]
    [InlineData("show 10.0.0.1/24")]
    [InlineData("show 10.0.0")]
    [InlineData("delete vip-00000000-0000-4000-8000-000000000000")]
    [InlineData("ips lock 10.0.0.9")]
    public async Task What_matches_nothing_is_exit_1(string line)
    {
        await using RunningApi api = await StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal(1, result.Code);
        Assert.StartsWith("link-client: no endpoint matches ", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("create --plugin arp --ip 10.0.0.7/32")]
    [InlineData("add --plugin arp --ip 10.0.0.7/32")]
    [InlineData("add --ip 10.0.0.7/32")]
    [InlineData("add 10.0.0.7/32")]
    [InlineData("ips add 10.0.0.7/32")]
    [InlineData("ips create --ip 10.0.0.7/32")]
    [InlineData("endpoints add 10.0.0.7/32 --plugin arp")]
    public async Task Add_takes_the_forms_of_both_LinKs(string line)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal((0, "endpoint vip-00000000-0000-4000-8000-000000000001 (10.0.0.7/32) added: BOOTING\n", ""), (result.Code, result.Output, result.Error));
        Assert.Equal(("arp", """{"ip":"10.0.0.7/32"}"""), (api.Agent.LastWish!.Plugin, api.Agent.LastWish.PluginConfig.GetRawText()));
        Assert.Empty(api.Agent.LastWish.Checks);
    }

    [Theory]
    [InlineData("create --plugin arp --ip 10.0.0.7/32 --health-check 'TCP 10.0.0.9:80' --health-check 'tcp [::1]:81' --health-check-interval 7")]
    [InlineData("add --ip 10.0.0.7/32 --health-check 'TCP 10.0.0.9:80,TCP [::1]:81' --healthcheck-interval 7")]
    [InlineData("add --healthcheck-interval 7 10.0.0.7/32 TCP 10.0.0.9:80 TCP [::1]:81")]
    [InlineData("ips add 10.0.0.7/32 TCP 10.0.0.9:80 --health-check-interval 7 TCP [::1]:81")]
    public async Task Checks_are_options_or_words(string line)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal([new HealthCheckContract("TCP", "10.0.0.9", 80), new HealthCheckContract("TCP", "::1", 81)], api.Agent.LastWish!.Checks);
        Assert.Equal(7, api.Agent.LastWish.HealthcheckIntervalSeconds);
    }

    [Theory]
    [InlineData("ips add 10.0.0.7/32 --interface eth1 --on-etcd-loss hold")]
    [InlineData("endpoints add --ip 10.0.0.7/32 --interface eth1 --on-etcd-loss hold")]
    public async Task Interface_and_policy_reach_the_plugins_configuration(string line)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        Assert.Equal(0, (await ClientRunner.RunAsync(api, line)).Code);
        Assert.Equal("""{"ip":"10.0.0.7/32","interface":"eth1","on_etcd_loss":"hold"}""", api.Agent.LastWish!.PluginConfig.GetRawText());
    }

    [Fact]
    public async Task Another_plugin_takes_its_own_configuration()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, """endpoints add --plugin webhook --plugin-config '{"url":"http://x"}' TCP h:1""");
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(("webhook", """{"url":"http://x"}""", 1), (api.Agent.LastWish!.Plugin, api.Agent.LastWish.PluginConfig.GetRawText(), api.Agent.LastWish.Checks.Count));
    }

    [Fact]
    public async Task Add_tells_why_the_endpoint_does_not_work()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.AddedReason = "eth7 does not exist";
        ClientResult result = await ClientRunner.RunAsync(api, "add 10.0.0.7/32");
        Assert.Equal((0, "endpoint vip-00000000-0000-4000-8000-000000000001 (10.0.0.7/32) added: BOOTING: eth7 does not exist\n"), (result.Code, result.Output));
    }

    [Theory]
    [InlineData("add 10.0.0.7/32 --wait")]
    [InlineData("ips add 10.0.0.7/32 --wait --wait-timeout 20s")]
    public async Task Add_waits_until_a_host_holds_it(string line)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Delay = 2;
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal((0, "endpoint vip-00000000-0000-4000-8000-000000000001 (10.0.0.7/32) added: ACTIVATED, holder web-1\n"), (result.Code, result.Output));
    }

    [Fact]
    public async Task A_wait_in_vain_is_exit_1_and_tells_the_state()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Delay = int.MaxValue;
        ClientResult result = await ClientRunner.RunAsync(api, "add 10.0.0.7/32 --wait --wait-timeout 500ms");
        Assert.Equal(1, result.Code);
        Assert.Equal("link-client: done, but waited 0.5 s in vain: vip-00000000-0000-4000-8000-000000000001 is BOOTING\n", result.Error);
    }

    [Theory]
    [InlineData("delete " + A)]
    [InlineData("destroy " + A)]
    [InlineData("destroy --endpoint-id " + A)]
    [InlineData("delete --endpoint-id " + A + " --wait")]
    [InlineData("ips delete 10.0.0.1 --wait")]
    [InlineData("endpoints delete 5f09")]
    public async Task Delete_takes_the_forms_of_both_LinKs(string line)
    {
        await using RunningApi api = await StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal((0, $"endpoint {A} (10.0.0.1/32) deleted\n"), (result.Code, result.Output));
        Assert.Equal(404, (await api.SendAsync("GET", $"/endpoints/{A}")).Status);
    }

    [Fact]
    public async Task Delete_as_JSON_is_an_object()
    {
        await using RunningApi api = await StartAsync();
        using JsonDocument document = JsonDocument.Parse((await ClientRunner.RunAsync(api, "delete 10.0.0.1 -o json")).Output);
        Assert.Equal((A, "deleted"), (document.RootElement.GetProperty("id").GetString(), document.RootElement.GetProperty("result").GetString()));
    }

    [Theory]
    [InlineData("failover " + A, null)]
    [InlineData("failover --endpoint-id " + A, null)]
    [InlineData("ips failover 10.0.0.1 --to web-3", "web-3")]
    [InlineData("endpoints failover 5f09 --to web-3", "web-3")]
    public async Task Failover_takes_the_forms_of_both_LinKs(string line, string? to)
    {
        await using RunningApi api = await StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal((0, $"endpoint {A} (10.0.0.1/32) handed over{(to is null ? "" : $" to {to}")}\n"), (result.Code, result.Output));
        Assert.Equal(to, api.Agent.LastTarget);
    }

    [Theory]
    [InlineData("failover 10.0.0.1 --wait", "web-2")]
    [InlineData("ips failover 10.0.0.1 --to web-3 --wait", "web-3")]
    public async Task Failover_waits_until_another_host_holds_it(string line, string holder)
    {
        await using RunningApi api = await StartAsync();
        api.Agent.Delay = 2;
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal((0, $"endpoint {A} (10.0.0.1/32) handed over to {holder}\n"), (result.Code, result.Output));
    }

    [Fact]
    public async Task A_refused_failover_is_exit_1_with_the_agents_reason()
    {
        await using RunningApi api = await StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, "failover 10.0.0.2");
        Assert.Equal((1, "", "link-client: web-1 is not the holder\n"), (result.Code, result.Output, result.Error));
    }

    [Theory]
    [InlineData("set-health-checks --endpoint-id " + A + " --health-check 'TCP h:1' --health-check 'TCP i:2'")]
    [InlineData("update-healthchecks " + A + " TCP h:1 TCP i:2")]
    [InlineData("ips set-health-checks 10.0.0.1 TCP h:1 TCP i:2")]
    [InlineData("endpoints set-health-checks --id 5f09 TCP h:1 --health-check 'TCP i:2'")]
    public async Task Checks_are_replaced_in_the_forms_of_both_LinKs(string line)
    {
        await using RunningApi api = await StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal((0, ""), (result.Code, result.Error));
        Assert.Equal(2, api.Agent.LastChecks!.Count);
        Assert.Contains(new HealthCheckContract("TCP", "i", 2), api.Agent.LastChecks);
        Assert.StartsWith($"endpoint {A} (10.0.0.1/32) is checked by TCP ", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("update-healthchecks " + A)]
    [InlineData("set-health-checks --endpoint-id " + A)]
    public async Task Without_checks_they_are_removed(string line)
    {
        await using RunningApi api = await StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal((0, $"endpoint {A} (10.0.0.1/32) has no checks any more\n"), (result.Code, result.Output));
        Assert.Empty(api.Agent.LastChecks!);
    }

    [Theory]
    [InlineData("hosts 10.0.0.1")]
    [InlineData("ips hosts 5f09")]
    [InlineData("endpoints hosts --endpoint-id " + A)]
    public async Task Hosts_are_listed_with_the_holder(string line)
    {
        await using RunningApi api = await StartAsync();
        ClientResult result = await ClientRunner.RunAsync(api, line);
        Assert.Equal("HOSTNAME  HOLDS\nweb-1     yes\nweb-2     -\n", result.Output);
    }

    [Theory]
    [InlineData("lock " + A)]
    [InlineData("ips lock 10.0.0.1")]
    public async Task Lock_tries_for_the_endpoint(string line)
    {
        await using RunningApi api = await StartAsync();
        Assert.Equal((0, A), ((await ClientRunner.RunAsync(api, line)).Code, api.Agent.LastLock));
    }

    [Fact]
    public async Task Drain_and_undrain_tell_what_they_did()
    {
        await using RunningApi api = await StartAsync();
        Assert.Equal((0, "1 endpoint handed over\n"), await CodeAndOutputAsync(api, "drain"));
        Assert.Equal((0, "this host competes again\n"), await CodeAndOutputAsync(api, "undrain"));
    }

    [Fact]
    public async Task Health_is_exit_0_or_1()
    {
        await using RunningApi api = await StartAsync();
        Assert.Equal(
            (0, "HEALTHY    yes\nETCD       ok (http://10.0.0.5:2379)\nHOST       web-1\nVERSION    1.2.3\nDRAINED    no\nENDPOINTS  2, of which 1 activated\n"),
            await CodeAndOutputAsync(api, "health"));
        api.Agent.UnhealthyBecause = "etcd is lost";
        (int code, string output) = await CodeAndOutputAsync(api, "health -o json");
        Assert.Equal(1, code);
        using JsonDocument document = JsonDocument.Parse(output);
        Assert.Equal("etcd is lost", document.RootElement.GetProperty("reason").GetString());
    }

    [Fact]
    public async Task Version_tells_both()
    {
        await using RunningApi api = await StartAsync();
        Assert.Equal((0, "client  1.1.0\nagent   1.2.3\n"), await CodeAndOutputAsync(api, "version"));
        Assert.Equal((0, "{\n  \"client\": \"1.1.0\",\n  \"agent\": \"1.2.3\"\n}\n"), await CodeAndOutputAsync(api, "version -o json"));
        Assert.Equal((0, "link-client 1.1.0\n"), await CodeAndOutputAsync(api, "--version"));
    }

    private static async Task<(int Code, string Output)> CodeAndOutputAsync(RunningApi api, string line)
    {
        ClientResult result = await ClientRunner.RunAsync(api, line);
        return (result.Code, result.Output);
    }
}
