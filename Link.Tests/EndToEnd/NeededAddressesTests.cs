using System.Net;
using System.Text.Json.Nodes;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>
/// Somebody wants a host to hold an address that the host needs itself: by the API, or by a record in etcd. The host goes on to reach etcd and to hold
/// what else it has.
/// </summary>
public sealed class NeededAddressesTests(ModerateLeaseBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ModerateLeaseBed>
{
    private const string Gateway = "10.77.0.254", SecondGateway = "10.77.0.253", GatewayV6 = "fd00:77::fe", Except = "PROTECTED_ADDRESSES_EXCEPT";

    private const string Good = "vip-6f0021ca-d9cf-41b3-92b7-00d2b890d7d5", LinKs = "vip-6f0021ca-d9cf-41b3-92b7-00d2b890d7d6";

    private static readonly IPAddress Other = IPAddress.Parse("10.77.0.201");

    private const string Disguise = "mount --bind \"$0\" \"$(readlink -f /etc/resolv.conf)\" && mount --bind \"$1\" /etc/hosts && shift && exec \"$@\"";

    private string? _resolvConf;
    private string? _hosts;

    private AgentHost Host => Bed.Host(1);

    private EtcdGateway Etcd => Bed.Etcd[0].Gateway;

    public override async ValueTask DisposeAsync()
    {
        if (Bed is not null)
        {
            foreach (var host in Bed.Hosts)
                await Tool.TryAsync("ip", ["-n", host.Namespace.Name, "route", "flush", "table", "77"]);
            foreach (var family in new[] { "-4", "-6" })
                await Tool.TryAsync("ip", [family, "-n", Host.Namespace.Name, "route", "flush", "proto", "static"]);
        }

        foreach (var file in new[] { _resolvConf, _hosts }.OfType<string>())
            File.Delete(file);
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
    }

    public static TheoryData<string, string> Needed => new()
    {
        { "10.77.0.2/32", "is the address of etcd member http://10.77.0.2:2379" },
        { $"{Gateway}/32", "is this host's default gateway" },
        { $"{Gateway}/24", "is this host's default gateway" },
        { $"{SecondGateway}/32", "is a gateway of this host" },
        { $"{GatewayV6}/128", "is this host's default gateway" },
        { "10.77.0.53/32", "is a name server of this host" },
        { "10.77.0.11/24", "is this host's own address" },
        { "10.77.0.11/32", "is this host's own address" },
        { "fd00:77::11/64", "is this host's own address" },
        { "10.77.0.12/32", "is the own address of host h2" },
        { "fd00:77::12/128", "is the own address of host h2" },
        { "10.77.0.255/32", "is the broadcast address of this host's network" },
    };

    [Fact]
    public async Task Records_written_into_etcd_by_hand_do_not_cut_a_host_off()
    {
        await PrepareAsync();
        await StartAsync(Bed.Host(2));
        var wishes = Needed.Select(static row => (Ip: row.Data.Item1, Why: row.Data.Item2)).ToList();
        // LinK before 3.0 had no plugin; its record is no other way in.
        await WriteAsync("vip-old", """{"id":"vip-old","ip":"10.77.0.2/24","keepalive_interval":3,"healthcheck_interval":0}""");
        for (var i = 0; i < wishes.Count; i++)
        {
            // One address once on a host, whatever its prefix length: the second record would be refused for that.
            if (!wishes.Take(i).Any(other => Address(other.Ip) == Address(wishes[i].Ip)) && Address(wishes[i].Ip) != "10.77.0.2")
                await WriteAsync($"vip-evil{i}", Record($"vip-evil{i}", wishes[i].Ip));
        }

        foreach (var impossible in new[] { "127.0.0.1/32", "224.0.0.18/32", "255.255.255.255/32", "0.0.0.0/32" })
            await WriteAsync($"vip-{Address(impossible)}", Record($"vip-{Address(impossible)}", impossible));
        await WriteAsync(Good, Record(Good, $"{TestBed.Vip}/32"));
        var at = BedClock.Now;
        await StartAsync(Host);
        await Wait.UntilAsync("ACTIVATED", async () => await Host.Api.StateAsync(Good) == "ACTIVATED", Patience);
        await Wait.UntilAsync("all others FAILING", async () => (await Host.Api.StatesAsync()).All(static state => state.Value == (state.Key == Good ? "ACTIVATED" : "FAILING")), Patience);

        var endpoints = (await Host.Api.GetAsync("/endpoints")).Expect(200).Json["endpoints"]!.AsArray();
        foreach (var (ip, why) in wishes)
        {
            if (endpoints.FirstOrDefault(endpoint => (string?)endpoint!["plugin_config"]?["ip"] == ip) is { } shown)
            {
                Assert.Contains($"{Address(ip)} {why}", (string)shown["reason"]!, StringComparison.Ordinal);
                Assert.Contains(Except, (string)shown["reason"]!, StringComparison.Ordinal);
            }
        }

        Assert.Equal([$"/link/default/{TestBed.Vip}_32"], (await Etcd.ListAsync("/link/default/")).Select(static pair => pair.Key));
        // The interface has what it had, and the good endpoint's.
        var there = await Tool.RunAsync("ip", $"-n {Host.Namespace.Name} -o address show dev {AgentHost.Interface}");
        Assert.Equal(["10.77.0.11/24", "10.77.0.200/32", "fd00:77::11/64"], AddressesIn(there));
        // etcd answers the host, its own addresses answer others, and nothing has moved, for longer than a lease.
        await using var prober = Bed.Probe(Host.Address);
        await Wait.UntilAsync("an answer of the host's own address", () => prober.Current is not null, Patience);
        await prober.MoreRequestsAsync((int)Bed.Lease.TotalMilliseconds + 1000);
        Assert.Equal(200, (await Host.Api.GetAsync("/health")).Status);
        Assert.Equal(["ACTIVATED"], (await Host.Api.StatesAsync()).Where(static state => state.Key == Good).Select(static state => state.Value));
        Assert.Single(Bed.Addresses.Events(TestBed.Vip), entry => entry.At > at);
    }

    [Theory]
    [MemberData(nameof(Needed))]
    public async Task A_wish_is_refused_with_the_reason_on_both_paths(string ip, string why)
    {
        await PrepareAsync();
        await StartAsync(Bed.Host(2));
        await StartAsync(Host);
        foreach (var (path, body) in new[]
        {
            ("/endpoints", new JsonObject { ["plugin"] = "arp", ["plugin_config"] = new JsonObject { ["ip"] = ip } }),
            ("/ips", new JsonObject { ["ip"] = ip }),
        })
        {
            var answer = await Host.Api.PostAsync(path, body);
            Assert.True(answer.Status == 422, answer.Text);
            Assert.Contains($"{Address(ip)} {why}", answer.Error, StringComparison.Ordinal);
            Assert.Contains(Except, answer.Error, StringComparison.Ordinal);
        }

        Assert.Empty(await Etcd.ListAsync("/link/hosts/"));
        Assert.Empty((await Host.Api.StatesAsync()).Keys);
    }

    [Theory]
    [InlineData("10.77.0.2", "http://etcd.test:2379")]
    [InlineData("10.77.0.77", "http://etcd.test:2379")]
    [InlineData("10.77.0.78", "http://spare.test:2379")]
    public async Task Every_address_of_every_name_in_ETCD_HOSTS_is_a_members(string address, string member)
    {
        await PrepareAsync();
        await StartAsync(Host, With("ETCD_HOSTS", "http://etcd.test:2379,http://spare.test:2379"));
        var answer = await Host.Api.PostAsync("/ips", new JsonObject { ["ip"] = $"{address}/32" });
        Assert.True(answer.Status == 422, answer.Text);
        Assert.Contains($"{address} is the address of etcd member {member}", answer.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_operator_excepts_is_held()
    {
        await PrepareAsync();
        await StartAsync(Host, With(Except, $"10.77.0.53, {GatewayV6}"));
        var id = await Host.Api.AddAsync(IPAddress.Parse("10.77.0.53"));
        await WaitForStateAsync(Host, id, "ACTIVATED");
        Assert.Equal(422, (await Host.Api.PostAsync("/ips", new JsonObject { ["ip"] = $"{Gateway}/32" })).Status);
    }

    /// <summary>Whoever may write to etcd may write in another agent's name: that stops nobody who holds, and nobody who would take over.</summary>
    [Fact]
    public async Task A_peer_that_claims_an_endpoints_address_as_its_own_takes_it_from_nobody()
    {
        await PrepareAsync();
        await Bed.StartAgentsAsync(null, Host, Bed.Host(2));
        var election = await Bed.CompeteAsync(TestBed.Vip, null, [Host, Bed.Host(2)]);
        var at = BedClock.Now;
        await Etcd.PutAsync("/link/agents/evil", $$"""{"hostname":"evil","instance":"x","version":"1","addresses":["{{TestBed.Vip}}","{{Other}}"]}""");
        foreach (var host in new[] { Host, Bed.Host(2) })
        {
            await Wait.UntilAsync($"warning on {host}", () => File.ReadAllText(host.Log).Contains("the address is the own address of host evil", StringComparison.Ordinal), Patience);
            Assert.Equal(422, (await host.Api.PostAsync("/ips", new JsonObject { ["ip"] = $"{Other}/32" })).Status);
        }

        Assert.Equal("ACTIVATED", await election.Holder.Api.StateAsync(election.HolderId));
        Assert.DoesNotContain(Bed.Addresses.Events(TestBed.Vip), entry => entry.At > at);
        // A restart keeps as well, and the other one takes over when the holder is gone.
        await election.Holder.StopAgentAsync();
        await StartAsync(election.Holder);
        await WaitForStateAsync(election.Holder, election.HolderId, "ACTIVATED");
        Assert.DoesNotContain(Bed.Addresses.Events(TestBed.Vip), entry => entry.At > at);
        await Bed.KillHostAsync(election.Holder);
        await Wait.UntilAsync("takeover", () => Bed.HoldersOf(TestBed.Vip).Any(host => host != election.Holder), Patience);
    }

    [Fact]
    public async Task A_name_server_that_becomes_known_while_its_address_is_held_is_a_warning_and_after_a_restart_too()
    {
        await PrepareAsync();
        await StartAsync(Host);
        var id = await Host.Api.AddAsync(TestBed.Vip);
        await Bed.WaitUntilHeldAsync(Host, TestBed.Vip);
        var at = BedClock.Now;
        File.AppendAllText(_resolvConf!, $"nameserver {TestBed.Vip}\n");
        await Wait.UntilAsync("warning", () => File.ReadAllText(Host.Log).Contains("the address is a name server of this host", StringComparison.Ordinal), Patience);
        await Host.StopAgentAsync();
        await StartAsync(Host);
        await WaitForStateAsync(Host, id, "ACTIVATED");
        Assert.DoesNotContain(Bed.Addresses.Events(TestBed.Vip), entry => entry.At > at);
    }

    [Fact]
    public async Task A_gateway_that_becomes_known_makes_a_standby_fail_and_the_holder_stays()
    {
        await PrepareAsync();
        await Bed.StartAgentsAsync(null, Host, Bed.Host(2));
        var holder = Bed.Host(2);
        var held = await holder.Api.AddAsync(TestBed.Vip);
        await WaitForStateAsync(holder, held, "ACTIVATED");
        var waiting = await Host.Api.AddAsync(TestBed.Vip);
        await WaitForStateAsync(Host, waiting, "STANDBY");
        await RouteAsync(Host, $"add 10.99.0.0/16 via {TestBed.Vip} proto static");
        await WaitForStateAsync(Host, waiting, "FAILING");
        Assert.Contains("is a gateway of this host", (string)(await Host.Api.GetAsync($"/endpoints/{waiting}")).Json["endpoint"]!["reason"]!, StringComparison.Ordinal);
        Assert.Equal("ACTIVATED", await holder.Api.StateAsync(held));
    }

    /// <summary>For routers: the address by which other machines leave the network is an address as any other.</summary>
    [Fact]
    public async Task The_gateway_of_other_machines_is_held()
    {
        await PrepareAsync();
        var vip = IPAddress.Parse("10.77.0.1");
        await RouteAsync(Bed.Host(3), $"replace 10.98.0.0/16 via {vip} table 77");
        await StartAsync(Bed.Host(3));
        await StartAsync(Host);
        await WaitForStateAsync(Host, await Host.Api.AddAsync(vip), "ACTIVATED");
        Assert.Equal(422, (await Bed.Host(3).Api.PostAsync("/ips", new JsonObject { ["ip"] = $"{vip}/32" })).Status);
    }

    /// <summary>Linux prefers LinK's /128 as the source towards the gateway; it is a virtual address all the same.</summary>
    [Theory]
    [InlineData("fd00:77::200/128")]
    [InlineData("10.77.0.200/32")]
    [InlineData("10.77.0.200/24")]
    public async Task What_LinK_left_on_the_interface_is_no_own_address(string ip)
    {
        await PrepareAsync();
        await Tool.RunAsync("ip", $"-n {Host.Namespace.Name} addr add {ip} dev {AgentHost.Interface}{(ip.Contains(':', StringComparison.Ordinal) ? " nodad" : "")}");
        await Etcd.PutAsync("/link/config/h1", """{"hostname":"h1","lease_id":0,"data_version":2}""");
        await WriteAsync(LinKs, Record(LinKs, ip));
        var address = IPAddress.Parse(Address(ip));
        await Wait.UntilAsync("the address", () => Bed.HoldersOf(address).Contains(Host), Patience);
        var at = BedClock.Now;
        await StartAsync(Host);
        await WaitForStateAsync(Host, LinKs, "ACTIVATED");
        Assert.DoesNotContain(Bed.Addresses.Events(address), entry => entry.At > at);
        Assert.DoesNotContain(Address(ip), await Etcd.GetAsync("/link/agents/h1"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_tells_its_own_addresses_and_follows_their_change()
    {
        await PrepareAsync();
        await StartAsync(Host);
        await WaitForStateAsync(Host, await Host.Api.AddAsync(TestBed.Vip), "ACTIVATED");
        Assert.Equal(["10.77.0.11", "fd00:77::11"], await ToldAsync());
        await Tool.RunAsync("ip", $"-n {Host.Namespace.Name} addr add 10.77.0.61/24 dev {AgentHost.Interface}");
        await RouteAsync(Host, $"replace default via {Gateway} src 10.77.0.61 proto static");
        await Wait.UntilAsync("the new address", async () => (await ToldAsync()).SequenceEqual(["10.77.0.11", "10.77.0.61", "fd00:77::11"]), Patience);
        Assert.True(Host.Agent is { Runs: true });

        async Task<IReadOnlyList<string>> ToldAsync() =>
            [.. JsonNode.Parse((await Etcd.GetAsync("/link/agents/h1"))!)!["addresses"]?.AsArray().Select(static address => (string)address!) ?? []];
    }

    /// <summary>Gateways, and a name server for the first host.</summary>
    private async Task PrepareAsync()
    {
        await Bed.ResetAsync();
        await Tool.RunAsync("ip", $"-n {Host.Namespace.Name} addr replace {Host.AddressV6}/64 dev {AgentHost.Interface} nodad");
        await Tool.RunAsync("ip", $"-n {Bed.Host(2).Namespace.Name} addr replace {Bed.Host(2).AddressV6}/64 dev {AgentHost.Interface} nodad");
        foreach (var host in new[] { Host, Bed.Host(2) })
        {
            await RouteAsync(host, $"replace default via {Gateway} proto static");
            await RouteAsync(host, $"replace default via {GatewayV6} proto static");
        }

        await RouteAsync(Host, $"replace 10.99.1.0/24 table 77 nexthop via {SecondGateway} nexthop via {Gateway}");
        _resolvConf = Path.Combine(Bed.Folder, "resolv.conf");
        File.WriteAllText(_resolvConf, "nameserver 10.77.0.53\n");
        _hosts = Path.Combine(Bed.Folder, "hosts");
        File.WriteAllText(_hosts, "127.0.0.1 localhost\n10.77.0.2 etcd.test\n10.77.0.77 etcd.test\n10.77.0.78 spare.test\n");
    }

    private static Task RouteAsync(AgentHost host, string change) => Tool.RunAsync("ip", $"-n {host.Namespace.Name} route {change}");

    /// <summary>In a mount namespace of its own, with files of ours for the machine's.</summary>
    private async Task StartAsync(AgentHost host, IReadOnlyDictionary<string, string>? extra = null)
    {
        if (host == Host)
            host.LaunchBy(["unshare", "--mount", "sh", "-c", Disguise, _resolvConf!, _hosts!], extra);
        else
            host.Launch(extra);
        await Wait.UntilAsync($"health of the agent on {host}", async () => (await host.Api.GetAsync("/health")).Status == 200, Patience);
    }

    private Task WriteAsync(string id, string record) => Etcd.PutAsync($"/link/hosts/h1/{id}", record);

    private static string Record(string id, string ip) =>
        $$$"""{"id":"{{{id}}}","ip":"","healthcheck_interval":0,"plugin":"arp","plugin_config":{"ip":"{{{ip}}}"}}""";

    private static string Address(string ip) => ip[..ip.IndexOf('/', StringComparison.Ordinal)];

    private static IEnumerable<string> AddressesIn(string shown) => shown.Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[3]).Where(static ip => !ip.StartsWith("fe80", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
}
