using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

public sealed class DeathTests(ShortLeaseBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ShortLeaseBed>
{
    [Fact]
    public async Task When_the_holders_host_dies_another_host_takes_over()
    {
        var result = Show(await Scenarios.HostDeathAsync());
        AssertMoved(result);
        Assert.Equal(0, result.Outcome.TwoHolders);
        Assert.Equal(1, result.Outcome.Moves);
        Assert.NotEmpty(result.Lock);
    }

    [Fact]
    public async Task When_the_holders_agent_is_killed_another_host_takes_over_and_the_kernel_removes_the_old_address()
    {
        var result = Show(await Scenarios.KillAsync());
        AssertMoved(result);
        Assert.Equal(1, result.Outcome.Moves);
    }

    [Fact]
    public async Task With_release_a_killed_agent_leaves_no_second_holder()
    {
        var result = Show(await Scenarios.KillAsync(new EndpointWish { OnEtcdLoss = "release" }));
        AssertMoved(result);
        Assert.Equal(0, result.Outcome.TwoHolders);
    }

    [Fact]
    public async Task When_the_holders_health_check_fails_it_hands_over_and_is_a_standby_again_once_it_recovers()
    {
        var result = Show(await Scenarios.HealthCheckFailsAsync());
        AssertMoved(result);
        Assert.Equal(1, result.Figures["failing"]);
        Assert.Equal(1, result.Outcome.Moves);
    }

    [Fact]
    public async Task When_the_holders_interface_goes_down_another_host_takes_over_at_once()
    {
        var election = await Bed.ElectAsync();
        await using var prober = await Bed.ProbeAsync(election);
        await Tool.RunAsync("ip", $"-n {election.Holder.Namespace.Name} link set eth0 down");
        await prober.AnotherAnswersAsync(election.Holder, Patience);
        await Wait.UntilAsync("one holder, another one", () => Bed.HoldersOf(election.Address) is [var only] && only != election.Holder, Patience);
        Assert.Equal("FAILING", await election.Holder.Api.StateAsync(election.HolderId));
    }

    [Fact]
    public async Task When_the_holders_cable_is_pulled_another_host_takes_over_and_the_holder_lets_go()
    {
        var election = await Bed.ElectAsync();
        await using var prober = await Bed.ProbeAsync(election);
        await Bed.SetCarrierAsync(election.Holder, up: false);
        await prober.AnotherAnswersAsync(election.Holder, Patience);
        await Wait.UntilAsync("one holder, another one", () => Bed.HoldersOf(election.Address) is [var only] && only != election.Holder, Patience);

        await Bed.SetCarrierAsync(election.Holder, up: true);
        var after = await Bed.WaitForHolderAsync(election, Patience);
        Assert.NotEqual(election.Holder, after.Holder);
    }

    [Fact]
    public async Task When_the_holders_interface_is_deleted_another_host_takes_over_and_it_can_come_back()
    {
        var election = await Bed.ElectAsync();
        await using var prober = await Bed.ProbeAsync(election);
        await Bed.DeleteInterfaceAsync(election.Holder);
        await prober.AnotherAnswersAsync(election.Holder, Patience);

        await Bed.CreateInterfaceAsync(election.Holder);
        var after = await Bed.WaitForHolderAsync(election, Patience);
        Assert.NotEqual(election.Holder, after.Holder);
        await Wait.UntilAsync("STANDBY of the host whose interface came back",
            async () => await election.Holder.Api.StateAsync(election.HolderId) == "STANDBY", Patience);
    }

    [Fact]
    public async Task A_paused_agent_loses_the_address_and_is_no_second_holder_when_it_goes_on()
    {
        var result = Show(await Scenarios.PauseAsync());
        AssertMoved(result);
        Assert.Equal(0, result.Figures["two_after_resume"]);
        Assert.Equal(1, result.Outcome.Moves);
    }
}
