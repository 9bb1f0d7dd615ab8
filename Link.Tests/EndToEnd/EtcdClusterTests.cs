using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

public sealed class EtcdClusterTests(ClusterBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ClusterBed>
{
    [Fact]
    public async Task The_death_of_etcds_leader_moves_nothing_and_a_failover_works_afterwards() =>
        await LoseOneMemberAsync(member => member.Kill());

    [Fact]
    public async Task A_member_that_hangs_moves_nothing_and_a_failover_works_afterwards() =>
        await LoseOneMemberAsync(member => member.Signal(LibC.SIGSTOP));

    [Fact]
    public async Task A_member_that_lost_the_others_moves_nothing_and_a_failover_works_afterwards() =>
        await LoseOneMemberAsync(member => Bed.CutFromPeersAsync(member).GetAwaiter().GetResult());

    private async Task LoseOneMemberAsync(Action<EtcdMember> lose)
    {
        var election = await Bed.ElectAsync();
        await using (var prober = await Bed.ProbeAsync(election))
        {
            var leader = await LeaderAsync();
            var at = BedClock.Now;
            lose(leader);
            await prober.MoreRequestsAsync(8000);
            var record = await prober.FinishAsync();
            var outcome = Outcome.Of(record, Bed, election.Address, at, record.SentAt[^1], election.Holder);
            Assert.True(outcome.Moves == 0 && outcome.Lost == 0, outcome.ToString());
        }

        (await election.Holder.Api.FailoverAsync(election.HolderId)).Expect(204);
        var after = await Bed.WaitForHolderAsync(election, Patience);
        Assert.NotEqual(election.Holder, after.Holder);
    }

    private async Task<EtcdMember> LeaderAsync()
    {
        foreach (var member in Bed.Etcd)
        {
            if (await member.IsLeaderAsync())
                return member;
        }
        return Bed.Etcd[0];
    }
}
