using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

public sealed class RestartTests(ModerateLeaseBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ModerateLeaseBed>
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_agent_that_is_stopped_or_killed_and_started_again_keeps_the_address(bool kill)
    {
        var result = Show(await Scenarios.RestartAsync(kill, watch: (int)Bed.Lease.TotalMilliseconds + 2000));
        AssertKept(result);
        Assert.Equal(0, result.Figures["exit_code"]);
        Assert.Empty(result.Outcome.Timeline);
    }

    [Fact]
    public async Task Commands_right_after_a_start_wait_for_the_agent_to_join()
    {
        await Bed.StartAgentsAsync(extra: null, Bed.Host(1));
        var host = Bed.Host(1);
        var id = await host.Api.AddAsync(TestBed.Vip);
        for (var i = 0; i < 5; i++)
        {
            host.KillAgent();
            await host.StartAgentAsync();
            var checks = new System.Text.Json.Nodes.JsonObject { ["healthchecks"] = new System.Text.Json.Nodes.JsonArray() };
            Assert.Equal(200, (await host.Api.SendAsync(HttpMethod.Patch, $"/endpoints/{id}", checks)).Status);
        }

        host.KillAgent();
        await host.StartAgentAsync();
        Assert.Equal(204, (await host.Api.DeleteAsync(id)).Status);
    }

    [Fact]
    public async Task With_ON_STOP_drain_a_stopping_agent_hands_over_first()
    {
        var election = await Bed.ElectAsync(extra: With("ON_STOP", "drain"));
        await using var prober = await Bed.ProbeAsync(election);
        await prober.MoreRequestsAsync(1500);
        var at = BedClock.Now;
        Assert.Equal(0, await election.Holder.StopAgentAsync());
        Assert.DoesNotContain(election.Holder, Bed.HoldersOf(election.Address));
        await prober.AnotherAnswersAsync(election.Holder, Patience);
        var record = await prober.FinishAsync();
        var outcome = Outcome.Of(record, Bed, election.Address, at, record.SentAt[^1], election.Holder);
        Assert.True(outcome.Lost == 0 && outcome.Nobody == 0, outcome.ToString());
    }

    [Fact]
    public async Task A_drained_agent_hands_over_and_stays_out_until_it_is_undrained()
    {
        var election = await Bed.ElectAsync();
        var drained = election.Holder;
        Assert.InRange((await drained.Api.PostAsync("/drain")).Status, 200, 204);
        var after = await Bed.WaitForHolderAsync(election, Patience);
        Assert.NotEqual(drained, after.Holder);

        // Nobody but the drained host is left, and it stays out.
        foreach (var host in after.Others.Where(host => host != drained))
            await host.StopAgentAsync();
        var answer = await after.Holder.Api.FailoverAsync(after.HolderId);
        Assert.NotEqual(204, answer.Status);
        Assert.DoesNotContain(drained, Bed.HoldersOf(election.Address));

        Assert.InRange((await drained.Api.PostAsync("/undrain")).Status, 200, 204);
        after.Holder.KillAgent();
        await Wait.UntilAsync("takeover by the undrained host", () => Bed.HoldersOf(election.Address) is [var only] && only == drained, Patience);
    }
}
