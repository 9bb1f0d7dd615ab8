using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

public sealed class EtcdLossTests(ShortLeaseBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ShortLeaseBed>
{
    /// <summary>Longer than the lease and than the time after which agents take etcd for lost, milliseconds.</summary>
    private const int LongGone = 8000;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_holder_that_is_cut_off_from_etcd_does_not_stay_a_second_holder(bool reject)
    {
        var result = Show(await Scenarios.CutHolderAsync(reject, watch: 4000));
        AssertMoved(result);
        Assert.Equal(0, result.Figures["two_again"]);
        Assert.Equal(0, result.Figures["moves_after_heal"]);
    }

    [Fact]
    public async Task With_release_a_holder_that_is_cut_off_from_etcd_lets_go_before_another_takes_over()
    {
        var result = Show(await Scenarios.CutHolderAsync(reject: false, watch: 3000, new EndpointWish { OnEtcdLoss = "release" }));
        AssertMoved(result);
        Assert.Equal(0, result.Outcome.TwoHolders);
    }

    [Fact]
    public async Task Without_etcd_the_holder_keeps_the_address_and_nobody_else_takes_it()
    {
        var result = Show(await Scenarios.EtcdGoneAsync(silent: false, LongGone));
        AssertKept(result);
        Assert.Equal(1, result.Figures["most_holders"]);
    }

    [Fact]
    public async Task While_etcd_is_silent_the_holder_keeps_the_address_and_nobody_else_takes_it()
    {
        var result = Show(await Scenarios.EtcdGoneAsync(silent: true, LongGone));
        Assert.Equal(1, result.Figures["most_holders"]);
        Assert.Equal(0, result.Figures["moves_without_etcd"]);
        // The lease ended in etcd meanwhile, so that the lock is anybody's once etcd is heard again.
        Assert.Single(result.Holders);
        Assert.InRange(result.Outcome.Moves, 0, 1);
        Assert.Equal(0, result.Outcome.Nobody);
        Assert.Equal(0, result.Outcome.Lost);
    }

    [Fact]
    public async Task With_hold_the_holder_keeps_the_address_without_etcd()
    {
        var result = Show(await Scenarios.EtcdGoneAsync(silent: false, LongGone, new EndpointWish { OnEtcdLoss = "hold" }));
        AssertKept(result);
    }

    [Fact]
    public async Task With_release_nobody_has_the_address_without_etcd_and_one_host_has_it_when_etcd_is_back()
    {
        var result = Show(await Scenarios.EtcdGoneAsync(silent: true, LongGone, new EndpointWish { OnEtcdLoss = "release" }));
        Assert.Equal(0, result.Figures["holders_without_etcd"]);
        Assert.Equal(0, result.Outcome.TwoHolders);
        Assert.Single(result.Holders);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(LongGone)]
    public async Task When_etcd_is_dead_and_the_holders_host_dies_one_survivor_takes_the_address(int between)
    {
        var result = Show(await Scenarios.EtcdAndHolderDieAsync(between));
        AssertMoved(result);
    }

    [Fact]
    public async Task With_hold_nobody_takes_the_address_of_a_dead_holder_without_etcd()
    {
        var election = await Bed.ElectAsync(wish: new EndpointWish { OnEtcdLoss = "hold" });
        await using var prober = await Bed.ProbeAsync(election);
        await Scenarios.LoseEtcdAsync(silent: false);
        await prober.MoreRequestsAsync(LongGone);
        await Bed.KillHostAsync(election.Holder);
        await prober.MoreRequestsAsync(5000);
        Assert.DoesNotContain(Bed.HoldersOf(election.Address), host => host != election.Holder);
    }
}
