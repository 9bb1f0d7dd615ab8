using System.Net;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>What LinK leaves on a host and in etcd, and what ours makes of it.</summary>
public sealed class LinKLeftBehindTests(ModerateLeaseBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ModerateLeaseBed>
{
    private const byte OurMark = 76;

    private static readonly IPAddress Administrators = IPAddress.Parse("10.77.0.99");
    private static readonly string LockKey = $"/link/default/{TestBed.Vip}_32";

    private EtcdGateway Etcd => Bed.Etcd[0].Gateway;

    [Fact]
    public async Task What_LinK_left_of_an_endpoint_that_another_host_holds_by_now_is_removed_and_an_administrators_address_stays()
    {
        await Bed.ResetAsync();
        await Bed.AddAddressAsync(Bed.Host(1), Administrators);
        var linK = await Bed.StartLinKAsync(Bed.Host(1));
        await linK.AddAsync(TestBed.Vip);
        await Bed.WaitUntilHeldAsync(Bed.Host(1), TestBed.Vip);
        await StartAsync(Bed.Host(2));
        var other = await Bed.Host(2).Api.AddAsync(TestBed.Vip);
        await linK.StopAsync();
        await Wait.UntilAsync("takeover", async () => await Bed.Host(2).Api.StateAsync(other) == "ACTIVATED", Patience);
        Assert.Contains(Bed.Host(1), Bed.HoldersOf(TestBed.Vip));

        await StartAsync(Bed.Host(1));
        await Bed.WaitUntilHeldAsync(Bed.Host(2), TestBed.Vip);
        await Wait.UntilAsync("STANDBY", async () => (await Bed.Host(1).Api.StatesAsync()).Values.SequenceEqual(["STANDBY"]), Patience);
        Assert.Equal(new KernelAddress(0, null), Bed.AddressOn(Bed.Host(1), Administrators));
    }

    [Theory]
    [InlineData(LinKVersion.V1)]
    [InlineData(LinKVersion.V2)]
    [InlineData(LinKVersion.V3)]
    public async Task The_address_of_a_holder_stays_becomes_ours_and_goes_with_the_endpoint(string version)
    {
        await Bed.ResetAsync();
        await Bed.AddAddressAsync(Bed.Host(1), Administrators);
        var linK = await Bed.StartLinKAsync(Bed.Host(1), version);
        await linK.AddAsync(TestBed.Vip);
        await Bed.WaitUntilHeldAsync(Bed.Host(1), TestBed.Vip);
        var before = await Etcd.FindAsync(LockKey);
        var at = BedClock.Now;
        await linK.StopAsync();
        await StartAsync(Bed.Host(1));
        await Wait.UntilAsync("our mark", () => Bed.AddressOn(Bed.Host(1), TestBed.Vip) is { Mark: OurMark }, Patience);
        var (id, _) = await ActivatedAsync();
        Assert.Equal(before, await Etcd.FindAsync(LockKey));
        Assert.DoesNotContain(Bed.Addresses.Events(TestBed.Vip), entry => entry.At > at);

        (await Bed.Host(1).Api.DeleteAsync(id)).Expect(204);
        Assert.Null(Bed.AddressOn(Bed.Host(1), TestBed.Vip));
        Assert.Equal(new KernelAddress(0, null), Bed.AddressOn(Bed.Host(1), Administrators));
    }

    [Fact]
    public async Task After_ours_an_address_without_a_mark_is_somebody_elses_and_stays()
    {
        var election = await Bed.ElectAsync(hosts: Bed.Host(1));
        await Bed.Host(1).StopAgentAsync();
        await Bed.RemoveAddressAsync(Bed.Host(1), TestBed.Vip);
        await Bed.AddAddressAsync(Bed.Host(1), TestBed.Vip);
        await StartAsync(Bed.Host(1));
        await Wait.UntilAsync("ACTIVATED", async () => await Bed.Host(1).Api.StateAsync(election.HolderId) == "ACTIVATED", Patience);
        (await Bed.Host(1).Api.DeleteAsync(election.HolderId)).Expect(204);
        Assert.Equal(new KernelAddress(0, null), Bed.AddressOn(Bed.Host(1), TestBed.Vip));
    }

    [Fact]
    public async Task A_lock_on_a_lease_of_its_own_as_LinK_before_1_9_has_it_is_inherited_and_never_free()
    {
        await Bed.ResetAsync();
        var host = Bed.Host(1);
        var old = await Etcd.GrantAsync((int)Bed.Lease.TotalSeconds * 10);
        const string id = "vip-6f0021ca-d9cf-41b3-92b7-00d2b890d7d5";
        await Etcd.PutAsync($"/link/hosts/{host}/{id}", $$"""{"id":"{{id}}","lease_id":{{old}},"ip":"{{TestBed.Vip}}/32","keepalive_interval":0,"healthcheck_interval":0}""");
        await Etcd.PutAsync(LockKey, "locked", old);
        await Bed.AddAddressAsync(host, TestBed.Vip);
        TestBed.Announce(host.Namespace, TestBed.Vip, host.Mac);
        await StartAsync(Bed.Host(2));
        var other = await Bed.Host(2).Api.AddAsync(TestBed.Vip);
        await Wait.UntilAsync("STANDBY", async () => await Bed.Host(2).Api.StateAsync(other) == "STANDBY", Patience);
        await using var prober = Bed.Probe(TestBed.Vip);
        await Wait.UntilAsync("answer", () => prober.Current?.From == host.Mac, Patience);
        using var watch = new CancellationTokenSource();
        var events = await Etcd.WatchAsync(LockKey, watch.Token);

        var at = BedClock.Now;
        await StartAsync(host);
        Assert.Equal(id, (await ActivatedAsync()).Id);
        var lease = (await Etcd.FindAsync(LockKey))!.Value.Lease;
        Assert.NotEqual(old, lease);
        // The old lease's end has nothing to take with it.
        await Etcd.RevokeAsync(old);
        await Wait.UntilAsync("our mark and a lifetime", () => Bed.AddressOn(host, TestBed.Vip) is { Mark: OurMark, ValidSeconds: not null }, Patience);
        await prober.MoreRequestsAsync(1000);
        Assert.Equal([(false, host.Name, lease)], events.Select(entry => (entry.Deleted, entry.Value, entry.Lease)));
        Assert.DoesNotContain(Bed.Addresses.Events(TestBed.Vip), entry => entry.At > at);
        var record = await prober.FinishAsync();
        Assert.Empty(record.LostBetween(at, record.SentAt[^1]));
        Assert.Equal("STANDBY", await Bed.Host(2).Api.StateAsync(other));
        await watch.CancelAsync();
    }

    [Fact]
    public async Task An_agent_that_left_to_LinK_and_is_started_after_all_goes_on_without_a_move()
    {
        var election = await Bed.ElectAsync(extra: With("ON_STOP", "leave"), hosts: Bed.Host(1));
        var at = BedClock.Now;
        Assert.Equal(0, await Bed.Host(1).StopAgentAsync());
        Assert.Equal("""{"hostname":"h1"}""", await ConfigWithoutNumbersAsync());
        Assert.Null(await Etcd.GetAsync("/link/agents/h1"));
        await StartAsync(Bed.Host(1));
        Assert.Equal(election.HolderId, (await ActivatedAsync()).Id);
        Assert.DoesNotContain(Bed.Addresses.Events(TestBed.Vip), entry => entry.At > at);
        Assert.NotNull(await Etcd.GetAsync("/link/agents/h1"));
    }

    private async Task<string> ConfigWithoutNumbersAsync()
    {
        var record = System.Text.Json.Nodes.JsonNode.Parse((await Etcd.GetAsync("/link/config/h1"))!)!.AsObject();
        Assert.True(record.Remove("lease_id") && record.Remove("data_version"));
        return record.ToJsonString();
    }

    /// <summary>The only endpoint of the first host, as soon as that holds it.</summary>
    private async Task<(string Id, string State)> ActivatedAsync()
    {
        KeyValuePair<string, string>? found = null;
        await Wait.UntilAsync("ACTIVATED", async () => (found = (await Bed.Host(1).Api.StatesAsync()).SingleOrDefault()) is { Value: "ACTIVATED" }, Patience);
        return (found!.Value.Key, found.Value.Value);
    }

    private static async Task StartAsync(AgentHost host)
    {
        await host.StartAgentAsync();
        await Wait.UntilAsync($"health of the agent on {host}", async () => (await host.Api.GetAsync("/health")).Status == 200, Patience);
    }
}
