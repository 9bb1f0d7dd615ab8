using System.Net;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>Our agent on one host and LinK's, which the bed plays, on another: one etcd, one address.</summary>
public sealed class MixedClusterTests(ModerateLeaseBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ModerateLeaseBed>
{
    private const int CheckedPort = 9000;

    private static readonly string LockKey = $"/link/default/{TestBed.Vip}_32";

    private AgentHost Ours => Bed.Host(1);

    private AgentHost Theirs => Bed.Host(2);

    private EtcdGateway Etcd => Bed.Etcd[0].Gateway;

    [Theory]
    [InlineData(LinKVersion.V1)]
    [InlineData(LinKVersion.V2)]
    [InlineData(LinKVersion.V3)]
    public async Task When_LinKs_host_dies_ours_takes_over_with_the_end_of_LinKs_lease_and_not_before(string version)
    {
        var (linK, id, _) = await LinKHoldsAsync(version);
        using var watch = new CancellationTokenSource();
        var events = await Etcd.WatchAsync(LockKey, watch.Token);
        await Bed.SetLinkAsync(Theirs, up: false);
        await linK.StopAsync();

        await WaitForStateAsync(Ours, id, "ACTIVATED");
        await Wait.UntilAsync("address", () => Bed.HoldersOf(TestBed.Vip).Contains(Ours), Patience);
        await Wait.UntilAsync("both changes of the lock", () => events.Count >= 2, Patience);
        Assert.Equal([(true, ""), (false, Ours.Name)], events.Select(entry => (entry.Deleted, entry.Value)));
        await watch.CancelAsync();
    }

    [Theory]
    [InlineData(LinKVersion.V2)]
    [InlineData(LinKVersion.V3)]
    public async Task A_planned_failover_gives_the_address_to_LinK_and_LinKs_gives_it_back(string version)
    {
        var (linK, id, theirId) = await OursHoldsAsync(version);
        await using var prober = Bed.Probe(TestBed.Vip);
        await Wait.UntilAsync("answer of ours", () => prober.Current?.From == Ours.Mac, Patience);
        (await Ours.Api.FailoverAsync(id)).Expect(204);
        await Bed.WaitUntilHeldAsync(Theirs, TestBed.Vip);
        await WaitForStateAsync(Ours, id, "STANDBY");
        Assert.True(linK.IsActivated(theirId));
        Assert.Equal(linK.LeaseId, (await Etcd.FindAsync(LockKey))!.Value.Lease);
        await Wait.UntilAsync("answer of LinK's host", () => prober.Current?.From == Theirs.Mac, Patience);

        await linK.FailoverAsync(theirId);
        await Bed.WaitUntilHeldAsync(Ours, TestBed.Vip);
        await WaitForStateAsync(Ours, id, "ACTIVATED");
        Assert.Equal(Ours.Name, await Etcd.GetAsync(LockKey));
        // LinK announced the address until it let go.
        await Wait.UntilAsync("answer of ours", () => prober.Current?.From == Ours.Mac, Patience);
    }

    [Fact]
    public async Task A_failover_to_a_LinK_host_by_its_name_is_refused_with_the_reason()
    {
        var (_, id, _) = await OursHoldsAsync(LinKVersion.V3);
        var answer = await Ours.Api.FailoverAsync(id, Theirs.Name);
        Assert.Equal(409, answer.Status);
        Assert.Contains(Theirs.Name, answer.Error, StringComparison.Ordinal);
        await Bed.WaitUntilHeldAsync(Ours, TestBed.Vip);
        Assert.Equal("ACTIVATED", await Ours.Api.StateAsync(id));
    }

    [Fact]
    public async Task An_endpoint_that_fails_here_goes_to_LinK_and_one_that_fails_there_comes_back()
    {
        await Bed.ResetAsync();
        var listener = new LocalListener(Ours.Namespace, CheckedPort);
        try
        {
            var id = await AddOursAsync(new EndpointWish { CheckedPort = CheckedPort });
            await Bed.WaitUntilHeldAsync(Ours, TestBed.Vip);
            var linK = await Bed.StartLinKAsync(Theirs);
            var theirId = await linK.AddAsync(TestBed.Vip);

            listener.Dispose();
            await WaitForStateAsync(Ours, id, "FAILING");
            await Bed.WaitUntilHeldAsync(Theirs, TestBed.Vip);
            Assert.Equal(linK.LeaseId, (await Etcd.FindAsync(LockKey))!.Value.Lease);

            listener = new LocalListener(Ours.Namespace, CheckedPort);
            await WaitForStateAsync(Ours, id, "STANDBY");
            await linK.SetFailingAsync(theirId, failing: true);
            await Bed.WaitUntilHeldAsync(Ours, TestBed.Vip);
            await linK.SetFailingAsync(theirId, failing: false);
            await WaitForStateAsync(Ours, id, "ACTIVATED");
        }
        finally
        {
            listener.Dispose();
        }
    }

    [Theory]
    [InlineData(LinKVersion.V1)]
    [InlineData(LinKVersion.V2)]
    [InlineData(LinKVersion.V3)]
    public async Task Deleted_here_the_address_goes_to_LinK_and_deleted_there_it_comes_back(string version)
    {
        var (linK, id, theirId) = await OursHoldsAsync(version);
        (await Ours.Api.DeleteAsync(id)).Expect(204);
        await Bed.WaitUntilHeldAsync(Theirs, TestBed.Vip);
        Assert.Equal(Theirs.Name, await Etcd.GetAsync(LockKey));
        Assert.Null(await Etcd.GetAsync($"/link/ips/{TestBed.Vip}_32/{Ours.Name}"));
        Assert.Empty(await Etcd.ListAsync($"/link/hosts/{Ours.Name}/"));

        id = await Ours.Api.AddAsync(TestBed.Vip);
        await WaitForStateAsync(Ours, id, "STANDBY");
        await linK.DeleteAsync(theirId);
        await Bed.WaitUntilHeldAsync(Ours, TestBed.Vip);
        await WaitForStateAsync(Ours, id, "ACTIVATED");
        Assert.Empty(await Etcd.ListAsync($"/link/hosts/{Theirs.Name}/"));
    }

    [Fact]
    public async Task A_new_lease_on_LinKs_lock_is_no_chance_for_ours_and_its_end_is_one()
    {
        var (linK, id, _) = await LinKHoldsAsync(LinKVersion.V3);
        using var watch = new CancellationTokenSource();
        var events = await Etcd.WatchAsync(LockKey, watch.Token);
        var old = await linK.ReplaceLeaseAsync();
        await Etcd.RevokeAsync(old);
        await Wait.UntilAsync("the lock with its new lease", () => events.Count > 0, Patience);
        Assert.Equal([(false, linK.LeaseId)], events.Select(entry => (entry.Deleted, entry.Lease)));
        Assert.Equal("STANDBY", await Ours.Api.StateAsync(id));
        Assert.Equal([Theirs], Bed.HoldersOf(TestBed.Vip));

        await Bed.SetLinkAsync(Theirs, up: false);
        await linK.StopAsync();
        await Etcd.RevokeAsync(linK.LeaseId);
        await WaitForStateAsync(Ours, id, "ACTIVATED");
        await watch.CancelAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ours_is_restarted_while_LinK_stands_by_and_nothing_moves(bool kill)
    {
        var (_, id, _) = await OursHoldsAsync(LinKVersion.V3);
        var before = await Etcd.FindAsync(LockKey);
        var at = BedClock.Now;
        if (kill)
            Ours.KillAgent();
        else
            await Ours.StopAgentAsync();
        await Ours.StartAgentAsync();
        await WaitForStateAsync(Ours, id, "ACTIVATED");
        Assert.Equal(before, await Etcd.FindAsync(LockKey));
        AssertNothingMoved(at, Ours);
    }

    [Fact]
    public async Task LinK_is_restarted_while_ours_stands_by_and_nothing_moves()
    {
        var (linK, id, _) = await LinKHoldsAsync(LinKVersion.V3);
        var before = await Etcd.FindAsync(LockKey);
        var at = BedClock.Now;
        await linK.StopAsync();
        var again = await Bed.StartLinKAsync(Theirs);
        await Wait.UntilAsync("LinK holds", async () => await again.CountActivatedAsync() == 1, Patience);
        Assert.Equal(before, await Etcd.FindAsync(LockKey));
        Assert.Equal("STANDBY", await Ours.Api.StateAsync(id));
        AssertNothingMoved(at, Theirs);
    }

    [Fact]
    public async Task A_host_knows_nothing_of_a_LinK_host_whose_name_begins_with_its_own()
    {
        await Bed.ResetAsync();
        var other = IPAddress.Parse("10.77.0.201");
        var linK = await Bed.StartLinKAsync(Theirs, name: "web-10");
        var theirId = await linK.AddAsync(other);
        await Bed.WaitUntilHeldAsync(Theirs, other);

        var id = await AddOursAsync(environment: With("HOSTNAME", "web-1"));
        Assert.Equal([id], (await Ours.Api.StatesAsync()).Keys);
        var answer = await Ours.Api.FailoverAsync(id);
        Assert.True(answer.Status == 409, answer.ToString());
        (await Ours.Api.DeleteAsync(id)).Expect(204);
        Assert.NotNull(await Etcd.GetAsync($"/link/hosts/web-10/{theirId}"));
        Assert.NotNull(await Etcd.GetAsync($"/link/ips/{other}_32/web-10"));
        Assert.Equal([Theirs], Bed.HoldersOf(other));
    }

    [Fact]
    public async Task A_LinK_host_that_loads_our_endpoints_because_our_name_begins_with_its_own_takes_nothing_from_us()
    {
        await Bed.ResetAsync();
        var id = await AddOursAsync(environment: With("HOSTNAME", "web-10"));
        await Bed.WaitUntilHeldAsync(Ours, TestBed.Vip);
        var before = await Etcd.FindAsync(LockKey);
        var at = BedClock.Now;

        var linK = await Bed.StartLinKAsync(Theirs, name: "web-1");
        Assert.Equal([TestBed.Vip], await linK.AddressesAsync());
        await Wait.UntilAsync("LinK as a competitor", async () => (await Ours.Api.GetAsync($"/endpoints/{id}/hosts")).Expect(200).Json["hosts"]!.AsArray().Count == 2, Patience);
        Assert.Equal("ACTIVATED", await Ours.Api.StateAsync(id));
        Assert.Equal(before, await Etcd.FindAsync(LockKey));
        AssertNothingMoved(at, Ours);
    }

    [Fact]
    public async Task A_failover_is_refused_while_only_LinK_hosts_before_2_compete_of_which_etcd_says_nothing()
    {
        var (linK, id, theirId) = await OursHoldsAsync(LinKVersion.V1);
        var answer = await Ours.Api.FailoverAsync(id);
        Assert.Equal(409, answer.Status);
        Assert.NotEmpty(answer.Error!);
        Assert.Equal([Ours], Bed.HoldersOf(TestBed.Vip));
        Assert.False(linK.IsActivated(theirId));
    }

    /// <summary>Fresh agents; LinK's has the address and ours stands by.</summary>
    private async Task<(LinKAgent LinK, string OurId, string TheirId)> LinKHoldsAsync(string version)
    {
        await Bed.ResetAsync();
        var linK = await Bed.StartLinKAsync(Theirs, version);
        var theirId = await linK.AddAsync(TestBed.Vip);
        await Bed.WaitUntilHeldAsync(Theirs, TestBed.Vip);
        var id = await AddOursAsync();
        await WaitForStateAsync(Ours, id, "STANDBY");
        return (linK, id, theirId);
    }

    /// <summary>Fresh agents; ours has the address and LinK's stands by.</summary>
    private async Task<(LinKAgent LinK, string OurId, string TheirId)> OursHoldsAsync(string version)
    {
        await Bed.ResetAsync();
        var id = await AddOursAsync();
        await Bed.WaitUntilHeldAsync(Ours, TestBed.Vip);
        var linK = await Bed.StartLinKAsync(Theirs, version);
        var theirId = await linK.AddAsync(TestBed.Vip);
        Assert.False(linK.IsActivated(theirId));
        return (linK, id, theirId);
    }

    private async Task<string> AddOursAsync(EndpointWish? wish = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        await Ours.StartAgentAsync(environment);
        await Wait.UntilAsync("health of our agent", async () => (await Ours.Api.GetAsync("/health")).Status == 200, Patience);
        return await Ours.Api.AddAsync(TestBed.Vip, wish);
    }

    private void AssertNothingMoved(long at, AgentHost holder)
    {
        Assert.DoesNotContain(Bed.Addresses.Events(TestBed.Vip), entry => entry.At > at);
        Assert.Equal([holder], Bed.HoldersOf(TestBed.Vip));
    }
}
