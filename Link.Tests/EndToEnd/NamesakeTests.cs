using System.Text.Json.Nodes;
using Link.Core.Agent;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>Two agents with one HOSTNAME, and somebody who writes into etcd that there are.</summary>
public sealed class NamesakeTests(ModerateLeaseBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ModerateLeaseBed>
{
    private EtcdGateway Etcd => Bed.Etcd[0].Gateway;

    [Fact]
    public async Task Three_writes_of_a_foreign_instance_leave_a_holder_where_it_is_and_it_says_so()
    {
        var election = await Bed.ElectAsync();
        var holder = election.Holder;
        var key = $"/link/agents/{holder.Name}";
        var before = await Etcd.GetAsync(key);
        await using var prober = await Bed.ProbeAsync(election);
        var at = BedClock.Now;
        for (var i = 0; i < 3; i++)
            await Etcd.PutAsync(key, Foreign(holder, "foreign"));
        await Wait.UntilAsync("the key written back", async () => await Etcd.GetAsync(key) == before, Patience);

        await AssertNothingMovedAsync(election, prober, at);
        Assert.Contains("instance foreign has written", await ReadLogAsync(holder), StringComparison.Ordinal);
        var health = await holder.Api.GetAsync("/health");
        Assert.Equal(200, health.Status);
        Assert.Contains("instance foreign has written", health.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hundred_writes_of_every_kind_leave_a_holder_where_it_is_and_make_no_war()
    {
        var election = await Bed.ElectAsync();
        var holder = election.Holder;
        var other = election.Others.First();
        var key = $"/link/agents/{holder.Name}";
        var competitor = $"/link/ips/{election.LockKey["/link/default/".Length..]}/{holder.Name}";
        var instance = (string)JsonNode.Parse((await Etcd.GetAsync(key))!)!["instance"]!;
        using var watch = new CancellationTokenSource();
        var seen = await Etcd.WatchAsync(key, watch.Token);
        await using var prober = await Bed.ProbeAsync(election);
        var at = BedClock.Now;
        for (var i = 0; i < 100; i++)
        {
            var lease = (await Etcd.FindAsync(election.LockKey))!.Value.Lease;
            await ((i % 10) switch
            {
                0 => Etcd.DeleteAsync(key),
                1 => Etcd.PutAsync(key, "no JSON at all"),
                2 => Etcd.PutAsync(key, new string('x', 1_000_000)),
                3 => Etcd.PutAsync(key, Foreign(holder, new string('y', 10_000))),
                4 => Etcd.PutAsync(key, Foreign(holder, $"f{i}"), lease),
                5 => Etcd.PutAsync(key, Foreign(holder, $"f{i}", reach: $"{TestBed.ClientAddress}:9999")),
                6 => Etcd.PutAsync(key, Foreign(holder, $"f{i}", reach: "224.0.0.1:9999")),
                7 => Etcd.PutAsync(key, Foreign(holder, $"f{i}", stopped: true)),
                8 => Etcd.DeleteAsync(competitor),
                _ => Etcd.PutAsync($"/link/config/{holder.Name}", i % 20 == 9 ? "no JSON" : Record(holder, 4711)),
            });
        }

        await Wait.UntilAsync("the host among the competitors again", async () => await Etcd.FindAsync(competitor) != null, Patience);
        await AssertNothingMovedAsync(election, prober, at);
        await watch.CancelAsync();
        Assert.InRange(seen.Count(e => e.Value.Contains(instance, StringComparison.Ordinal)), 1, 12);
        var log = await ReadLogAsync(holder);
        Assert.True(log.Split('\n').Length < 120, log);
        Assert.Equal("STANDBY", await other.Api.StateAsync(election.Ids[other]));
    }

    [Fact]
    public async Task What_is_written_while_a_holder_is_killed_and_started_again_moves_nothing()
    {
        var election = await Bed.ElectAsync();
        var holder = election.Holder;
        await using var prober = await Bed.ProbeAsync(election);
        var at = BedClock.Now;
        holder.KillAgent();
        await Etcd.PutAsync($"/link/agents/{holder.Name}", Foreign(holder, "foreign", reach: $"{TestBed.ClientAddress}:9999"));
        await Etcd.PutAsync($"/link/config/{holder.Name}", Record(holder, 4711));
        await holder.StartAgentAsync();
        await WaitForStateAsync(holder, election.HolderId, "ACTIVATED");
        await AssertNothingMovedAsync(election, prober, at);
    }

    [Fact]
    public async Task Another_hosts_lease_in_a_hosts_own_record_makes_no_second_holder()
    {
        await Bed.StartAgentsAsync(extra: null, Bed.Host(1), Bed.Host(2));
        var election = await Bed.CompeteAsync(TestBed.Vip, wish: null, [Bed.Host(1), Bed.Host(2)]);
        var standby = election.Others.Single();
        var lease = (await Etcd.FindAsync(election.LockKey))!.Value.Lease;
        await standby.StopAgentAsync();
        File.Delete($"{standby.Socket}.lease");
        await Etcd.PutAsync($"/link/config/{standby.Name}", Record(standby, lease));
        await using var prober = await Bed.ProbeAsync(election);
        var at = BedClock.Now;
        await standby.StartAgentAsync();
        await Wait.UntilAsync("a lease of its own", async () => await Etcd.FindAsync($"/link/agents/{standby.Name}") is { } key && key.Lease != lease && key.Lease != 0, Patience);
        await AssertNothingMovedAsync(election, prober, at);
        Assert.DoesNotContain(standby, Bed.HoldersOf(election.Address));
    }

    [Fact]
    public async Task Of_two_agents_with_one_HOSTNAME_that_reach_each_other_the_second_stands_aside_until_the_first_is_gone()
    {
        await Bed.StartAgentsAsync(extra: null, Bed.Host(1), Bed.Host(2));
        var election = await Bed.CompeteAsync(TestBed.Vip, wish: null, [Bed.Host(1), Bed.Host(2)]);
        var first = election.Holder;
        var keys = await Etcd.ListAsync("/link/hosts/");
        var agents = await Etcd.ListAsync("/link/agents/");
        await using var prober = await Bed.ProbeAsync(election);
        var at = BedClock.Now;

        // A machine that had the name once, with a lease that has ended, notes nothing that counts.
        var second = Bed.Host(3);
        await File.WriteAllTextAsync($"{second.Socket}.lease", EndedNote(first.Name), TestContext.Current.CancellationToken);
        await second.StartAgentAsync(With("HOSTNAME", first.Name));
        await Wait.UntilAsync("the second one's word", async () => (await ReadLogAsync(second)).Contains("is alive: instance", StringComparison.Ordinal), Patience);
        var health = await second.Api.GetAsync("/health");
        Assert.NotEqual(200, health.Status);
        Assert.Contains("give each host its own HOSTNAME", health.Text, StringComparison.Ordinal);
        await AssertNothingMovedAsync(election, prober, at);
        Assert.Equal(keys, await Etcd.ListAsync("/link/hosts/"));
        Assert.Equal(agents, await Etcd.ListAsync("/link/agents/"));
        Assert.True(second.Agent is { Runs: true });

        first.KillAgent();
        await Wait.UntilAsync("the second one serves", async () => (await second.Api.GetAsync("/health")).Status == 200, Patience);
        await Wait.UntilAsync("one holder", () => Bed.HoldersOf(election.Address) is [var only] && only != first, Patience);
    }

    [Fact]
    public async Task Of_two_agents_with_one_HOSTNAME_behind_firewalls_both_go_on_and_one_holds_the_address()
    {
        await Bed.StartAgentsAsync(extra: null, Bed.Host(1));
        var first = Bed.Host(1);
        var election = await Bed.CompeteAsync(TestBed.Vip, wish: null, [first]);
        await Bed.CutDatagramsAsync(first);
        await Bed.CutDatagramsAsync(Bed.Host(3));
        await using var prober = await Bed.ProbeAsync(election);
        var at = BedClock.Now;

        var second = Bed.Host(3);
        await second.StartAgentAsync(With("HOSTNAME", first.Name));
        await WaitForStateAsync(second, election.HolderId, "STANDBY");
        await Wait.UntilAsync("the first one's word", async () => (await ReadLogAsync(first)).Contains("give each host its own HOSTNAME", StringComparison.Ordinal), Patience);
        await prober.MoreRequestsAsync((int)Bed.Lease.TotalMilliseconds + 2_000);
        await AssertNothingMovedAsync(election, prober, at);
        Assert.Equal([first], Bed.HoldersOf(election.Address));

        // The first one's process dies alone: its kernel lets the address go when its lease has ended, and the second one takes it.
        first.KillAgent();
        await Wait.UntilAsync("the second one holds", () => Bed.HoldersOf(election.Address) is [var only] && only == second, Patience);

        // It comes back, and takes nothing away.
        await first.StartAgentAsync();
        await WaitForStateAsync(first, election.HolderId, "STANDBY");
        Assert.Equal([second], Bed.HoldersOf(election.Address));
    }

    [Fact]
    public async Task A_host_that_was_off_and_on_again_has_its_address_again_whatever_its_last_agent_could_not_say()
    {
        await Bed.StartAgentsAsync(extra: null, Bed.Host(1));
        var host = Bed.Host(1);
        var election = await Bed.CompeteAsync(TestBed.Vip, wish: null, [host]);
        await Bed.KillHostAsync(host);
        File.Delete($"{host.Socket}.lease");
        // A reboot: nothing on this machine tells any more that the process is gone.
        var key = (await Etcd.FindAsync($"/link/agents/{host.Name}"))!.Value;
        var agent = JsonNode.Parse(key.Value)!;
        agent["process"] = "the-boot-before/pid:[4026531836]/1/1";
        await Etcd.PutAsync(key.Key, agent.ToJsonString(), key.Lease);
        await Tool.RunAsync("ip", $"-n {host.Namespace.Name} addr flush dev {AgentHost.Interface} scope global");
        await Bed.SetLinkAsync(host, up: true);
        await Tool.RunAsync("ip", $"-n {host.Namespace.Name} addr replace {host.Address}/24 brd + dev {AgentHost.Interface}");
        await host.StartAgentAsync();
        await WaitForStateAsync(host, election.HolderId, "ACTIVATED");
        Assert.Equal([host], Bed.HoldersOf(election.Address));
    }

    private static string Foreign(AgentHost host, string instance, string? reach = null, bool stopped = false)
    {
        var record = new JsonObject { ["hostname"] = host.Name, ["instance"] = instance, ["version"] = "1.0" };
        if (reach != null)
            record["reach"] = reach;
        if (stopped)
            record["stopped"] = true;
        return record.ToJsonString();
    }

    /// <summary>Of our own process as it would be with another start time: one that has certainly ended.</summary>
    private static string EndedNote(string hostname)
    {
        var process = ProcessIdentity.Current().Process!;
        return new JsonObject { ["hostname"] = hostname, ["lease_id"] = 4711, ["process"] = $"{process[..process.LastIndexOf('/')]}/1" }.ToJsonString();
    }

    private static string Record(AgentHost host, long lease) =>
        new JsonObject { ["hostname"] = host.Name, ["lease_id"] = lease, ["data_version"] = 3, ["agent"] = "1.0" }.ToJsonString();

    private static Task<string> ReadLogAsync(AgentHost host) => File.ReadAllTextAsync(host.Log, TestContext.Current.CancellationToken);

    private async Task AssertNothingMovedAsync(ElectedVip election, Prober prober, long at)
    {
        await prober.MoreRequestsAsync(3_000);
        var record = await prober.FinishAsync();
        var outcome = Outcome.Of(record, Bed, election.Address, at, record.SentAt[^1], election.Holder);
        Assert.True(outcome is { Moves: 0, Lost: 0, Nobody: 0 }, outcome.ToString());
        Assert.True(election.Holder.Agent is { Runs: true });
    }
}
