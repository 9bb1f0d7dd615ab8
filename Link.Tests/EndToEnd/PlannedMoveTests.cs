using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

public sealed class PlannedMoveTests(DefaultBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<DefaultBed>
{
    [Fact]
    public async Task Three_agents_elect_one_holder()
    {
        var election = await Bed.ElectAsync();
        Assert.Equal([election.Holder], Bed.HoldersOf(election.Address));
        Assert.Equal(election.Holder.Name, await Bed.Etcd[0].Gateway.GetAsync(election.LockKey));
        foreach (var other in election.Others)
            Assert.Equal("STANDBY", await other.Api.StateAsync(election.Ids[other]));
    }

    [Fact]
    public async Task A_planned_failover_loses_no_datagram_and_never_leaves_nobody()
    {
        var result = Show(await Scenarios.PlannedFailoverAsync());
        AssertMoved(result);
        Assert.Equal(0, result.Outcome.Lost);
        Assert.Equal(0, result.Outcome.Nobody);
        Assert.Equal(1, result.Outcome.Moves);
    }

    [Fact]
    public async Task A_planned_failover_of_an_IPv6_address_loses_nothing()
    {
        var result = Show(await Scenarios.PlannedFailoverAsync(TestBed.VipV6));
        AssertMoved(result);
        Assert.Equal(0, result.Outcome.Lost);
        Assert.Equal(0, result.Outcome.Nobody);
    }

    [Fact]
    public async Task A_failover_right_after_an_election_is_learned_by_the_neighbours_too()
    {
        var result = Show(await Scenarios.EarlyFailoverAsync());
        AssertMoved(result);
        Assert.Equal(0, result.Outcome.Lost);
        Assert.Equal(0, result.Outcome.Nobody);
    }

    [Fact]
    public async Task A_failover_to_a_named_host_makes_that_host_the_holder()
    {
        AgentHost? wanted = null;
        var result = Show(await Scenarios.PlannedFailoverAsync(to: election => wanted = election.Others.Last()));
        Assert.Equal([wanted!], result.Holders);
        Assert.Equal(wanted!.Name, result.Outcome.NewHost);
        Assert.Equal(0, result.Outcome.Lost);
        Assert.Equal(1, result.Outcome.Moves);
    }

    [Fact]
    public async Task A_failover_to_an_unknown_host_is_refused_and_moves_nothing()
    {
        var election = await Bed.ElectAsync();
        var answer = await election.Holder.Api.FailoverAsync(election.HolderId, "nowhere");
        Assert.InRange(answer.Status, 400, 499);
        Assert.Contains("nowhere", answer.Error, StringComparison.Ordinal);
        Assert.Equal(election.Holder, (await Bed.WaitForHolderAsync(election)).Holder);
    }

    [Fact]
    public async Task A_failover_without_another_host_is_refused_with_the_reason()
    {
        var election = await Bed.ElectAsync(hosts: Bed.Host(1));
        var answer = await Bed.Host(1).Api.FailoverAsync(election.HolderId);
        Assert.Equal(409, answer.Status);
        Assert.NotEmpty(answer.Error!);
        Assert.Equal([Bed.Host(1)], Bed.HoldersOf(election.Address));
    }

    [Fact]
    public async Task A_failover_that_nobody_takes_is_refused_with_the_reason_and_moves_nothing()
    {
        var election = await Bed.ElectAsync(hosts: Bed.Host(1));
        await Bed.Etcd[0].Gateway.PutAsync($"/link/ips/{election.LockKey.Split('/')[^1]}/asleep", """{"updated_at":"2026-01-02T03:04:05.678901234Z"}""");
        var answer = await Bed.Host(1).Api.FailoverAsync(election.HolderId);
        Assert.Equal(409, answer.Status);
        Assert.StartsWith("no other host took the lock within ", answer.Error, StringComparison.Ordinal);
        await Wait.UntilAsync("the lock, taken back", async () => await Bed.Etcd[0].Gateway.GetAsync(election.LockKey) == Bed.Host(1).Name, Patience);
        var drained = await Bed.Host(1).Api.PostAsync("/drain");
        Assert.Equal(409, drained.Status);
        Assert.StartsWith("no other host took the lock within ", drained.Error, StringComparison.Ordinal);
        Assert.Equal(204, (await Bed.Host(1).Api.PostAsync("/undrain")).Status);
        Assert.Equal([Bed.Host(1)], Bed.HoldersOf(election.Address));
    }

    [Fact]
    public async Task A_failover_on_a_host_that_does_not_hold_is_refused()
    {
        var election = await Bed.ElectAsync();
        var other = election.Others.First();
        var answer = await other.Api.FailoverAsync(election.Ids[other]);
        Assert.Equal(409, answer.Status);
        Assert.Equal([election.Holder], Bed.HoldersOf(election.Address));
    }

    [Fact]
    public async Task Deleting_the_endpoint_on_the_holder_hands_the_address_over()
    {
        var result = Show(await Scenarios.DeleteAsync());
        AssertMoved(result);
        Assert.Equal(0, result.Figures["kept"]);
        Assert.Equal(1, result.Outcome.Moves);
        Assert.Equal(404, (await result.Before.Holder.Api.GetAsync($"/endpoints/{result.Before.HolderId}")).Status);
        Assert.Empty(await Bed.Etcd[0].Gateway.ListAsync($"/link/hosts/{result.Before.Holder.Name}/"));
    }

    [Fact]
    public async Task An_address_that_was_removed_by_hand_is_restored_without_a_move()
    {
        var result = Show(await Scenarios.RemovedByHandAsync());
        Assert.Equal([result.Before.Holder], result.Holders);
        Assert.Equal(["add"], result.Outcome.Timeline.Skip(1).Select(entry => entry.Split(' ')[^1]));
    }

    [Fact]
    public async Task The_agent_announces_again_when_a_rival_announces_its_address()
    {
        var election = await Bed.ElectAsync();
        await using var prober = await Bed.ProbeAsync(election);
        await prober.MoreRequestsAsync(5000); // The announcements of the activation are over.
        var at = BedClock.Now;
        TestBed.Announce(Bed.Client, election.Address, new MacAddress(0x0277_0000_0fff));
        await Wait.UntilAsync("announcement by the holder",
            () => prober.Snapshot().Sightings.Any(sighting => sighting.At > at && sighting.Gratuitous && sighting.Sender == election.Holder.Mac), Patience);
        Assert.Equal([election.Holder], Bed.HoldersOf(election.Address));
    }
}
