using Link.Core.Plugins;
using Xunit;

namespace Link.Tests.Plugins;

public sealed class RemoteOutputsTests
{
    private const long Second = 1_000;

    [Fact]
    public async Task An_activation_carries_the_locks_revision_and_is_not_repeated()
    {
        using var loop = new RemoteLoop { LockRevision = 42 };
        loop.Output.Activate(15, 41);
        RemoteCall call = await loop.NextCallAsync();
        Assert.Equal((CallKind.Activate, 42), (call.Kind, call.Call.Revision));
        Assert.True(Guid.TryParse(call.Call.DeliveryId, out _));
        call.Succeed();
        await loop.EndedAsync();
        loop.Pass(100 * Second);
        Assert.Equal(0, loop.Remote.UnderWay);
        Assert.Empty(loop.Errors);
    }

    [Fact]
    public async Task How_far_it_is_with_the_newest_wish_can_be_told()
    {
        using var loop = new RemoteLoop();
        Assert.Null(loop.Output.Progress);
        loop.Output.Activate(null, 1);
        Assert.Equal(OutputProgress.Pending, loop.Output.Progress);
        (await loop.NextCallAsync()).Fail(new OutputException("no"));
        await loop.EndedAsync();
        Assert.Equal(OutputProgress.Failed, loop.Output.Progress);
        loop.Pass(2 * Second);
        RemoteCall again = await loop.NextCallAsync();
        Assert.Equal(OutputProgress.Failed, loop.Output.Progress);
        again.Succeed();
        await loop.EndedAsync();
        Assert.Equal(OutputProgress.Done, loop.Output.Progress);
        loop.Output.Deactivate();
        Assert.Equal(OutputProgress.Pending, loop.Output.Progress);
        (await loop.NextCallAsync()).Succeed();
        await loop.EndedAsync();
        Assert.Equal(OutputProgress.Done, loop.Output.Progress);
    }

    [Fact]
    public async Task A_failure_is_repeated_with_the_same_delivery_at_doubling_intervals_up_to_the_longest()
    {
        using var loop = new RemoteLoop();
        loop.Output.Activate(null, 1);
        RemoteCall first = await loop.NextCallAsync();
        first.Fail(new OutputException("no"));
        var pauses = new List<long>();
        for (int i = 0; i < 12; i++)
        {
            await loop.EndedAsync();
            long due = loop.Outputs.NextDueMs!.Value;
            pauses.Add(due - loop.NowMs);
            loop.Pass(due - loop.NowMs);
            RemoteCall again = await loop.NextCallAsync();
            Assert.Equal(first.Call.DeliveryId, again.Call.DeliveryId);
            again.Fail(new OutputException("no"));
        }

        Assert.All(pauses.Select((pause, i) => (pause, expected: Math.Min(1000L << i, 600_000))), p => Assert.InRange(p.pause, p.expected * 3 / 4 - 1, p.expected * 5 / 4 + 1));
        await loop.EndedAsync();
        Assert.All(loop.Errors, error => Assert.Equal("no", error));
    }

    [Fact]
    public async Task A_deactivation_does_not_wait_behind_an_activation_that_is_repeated()
    {
        using var loop = new RemoteLoop();
        loop.Output.Activate(null, 7);
        (await loop.NextCallAsync()).Fail(new OutputException("no"));
        await loop.EndedAsync();
        loop.Output.Deactivate();
        RemoteCall off = await loop.NextCallAsync();
        Assert.Equal((CallKind.Deactivate, 7), (off.Kind, off.Call.Revision));
        off.Succeed();
        await loop.EndedAsync();
        Assert.Null(loop.Outputs.NextDueMs);
        Assert.False(loop.Outputs.IsEnding);
    }

    [Fact]
    public async Task The_newest_wish_ends_the_call_under_way_and_waits_for_its_end()
    {
        using var loop = new RemoteLoop();
        loop.Output.Activate(null, 1);
        RemoteCall slow = await loop.NextCallAsync();
        loop.Output.Deactivate();
        loop.Output.Activate(null, 2);
        loop.Output.Deactivate();
        Assert.True(slow.Cancel.IsCancellationRequested);
        loop.Turn();
        Assert.Equal(1, loop.Remote.UnderWay);
        slow.Succeed();
        RemoteCall off = await loop.NextCallAsync();
        Assert.Equal(CallKind.Deactivate, off.Kind);
        Assert.Equal(1, loop.Remote.Most);
        off.Succeed();
        await loop.EndedAsync();
        Assert.Equal(2, loop.Remote.Count);
    }

    [Fact]
    public async Task Nothing_is_called_without_the_lock()
    {
        using var loop = new RemoteLoop { LockRevision = null };
        loop.Output.Activate(null, 1);
        await loop.UntilAsync(() => loop.Asked == 1 && loop.Outputs.NextDueMs != null);
        Assert.Equal(0, loop.Remote.Count);

        loop.LockRevision = 9;
        loop.Pass(2 * Second);
        Assert.Equal(9, (await loop.NextCallAsync()).Call.Revision);
    }

    [Fact]
    public async Task What_was_activated_while_the_lock_was_lost_is_undone_at_once()
    {
        using var loop = new RemoteLoop();
        loop.Output.Activate(null, 1);
        RemoteCall on = await loop.NextCallAsync();
        loop.LockRevision = null;
        on.Succeed();
        RemoteCall off = await loop.NextCallAsync();
        Assert.Equal(CallKind.Deactivate, off.Kind);
        off.Succeed();
        await loop.UntilAsync(() => loop.Remote.UnderWay == 0 && loop.Outputs.NextDueMs != null);

        // The lock is ours after all: once more.
        loop.LockRevision = 5;
        loop.Pass(2 * Second);
        Assert.Equal((CallKind.Activate, 5), ((await loop.NextCallAsync()) is var again ? (again.Kind, again.Call.Revision) : default));
    }

    [Fact]
    public async Task A_plugin_that_asks_for_the_lock_half_way_and_has_it_no_more_changes_nothing_and_is_no_failure()
    {
        using var loop = new RemoteLoop();
        loop.Output.Activate(null, 1);
        RemoteCall on = await loop.NextCallAsync();
        loop.LockRevision = null;
        await Assert.ThrowsAsync<LockLostException>(() => on.Call.RequireLockAsync(TestContext.Current.CancellationToken));
        on.Fail(new LockLostException());
        await loop.UntilAsync(() => loop.Remote.UnderWay == 0 && loop.Outputs.NextDueMs != null);
        Assert.Empty(loop.Errors);
    }

    [Fact]
    public async Task While_activated_the_output_is_ensured_each_refresh_interval_and_each_time_with_a_delivery_of_its_own()
    {
        using var loop = new RemoteLoop();
        loop.Remote.RefreshInterval = TimeSpan.FromMinutes(5);
        loop.Output.Activate(null, 1);
        var deliveries = new HashSet<string>();
        RemoteCall on = await loop.NextCallAsync();
        deliveries.Add(on.Call.DeliveryId);
        on.Succeed();
        for (int i = 0; i < 3; i++)
        {
            await loop.EndedAsync();
            long pause = loop.Outputs.NextDueMs!.Value - loop.NowMs;
            Assert.InRange(pause, 225 * Second, 375 * Second);
            loop.Pass(pause);
            RemoteCall ensured = await loop.NextCallAsync();
            Assert.Equal(CallKind.Ensure, ensured.Kind);
            Assert.True(deliveries.Add(ensured.Call.DeliveryId));
            ensured.Succeed();
        }

        await loop.EndedAsync();
        loop.Output.Announce();
        RemoteCall soon = await loop.NextCallAsync();
        Assert.Equal(CallKind.Ensure, soon.Kind);
    }

    [Fact]
    public async Task A_call_is_not_repeated_before_the_time_that_the_other_side_gave()
    {
        using var loop = new RemoteLoop();
        loop.Output.Activate(null, 1);
        (await loop.NextCallAsync()).Fail(new OutputException("later", TimeSpan.FromMinutes(1)));
        await loop.EndedAsync();
        Assert.Equal(60 * Second, loop.Outputs.NextDueMs - loop.NowMs);
    }

    [Fact]
    public async Task A_pause_that_the_other_side_gave_has_the_longest_as_its_bound()
    {
        using var loop = new RemoteLoop();
        loop.Output.Activate(null, 1);
        (await loop.NextCallAsync()).Fail(new OutputException("next year", TimeSpan.FromDays(365)));
        await loop.EndedAsync();
        Assert.Equal(600 * Second, loop.Outputs.NextDueMs - loop.NowMs);
    }

    [Fact]
    public async Task What_cannot_work_before_somebody_changes_something_is_tried_rarely()
    {
        using var loop = new RemoteLoop();
        loop.Output.Activate(null, 1);
        (await loop.NextCallAsync()).Fail(new OutputException("wrong key", isPermanent: true));
        await loop.EndedAsync();
        Assert.InRange(loop.Outputs.NextDueMs!.Value - loop.NowMs, 450 * Second, 750 * Second);
    }

    [Fact]
    public async Task A_host_whose_activations_fail_gives_the_endpoint_to_another_and_rests_ever_longer()
    {
        using var loop = new RemoteLoop { OthersCompete = true };
        for (int round = 0; round < 3; round++)
        {
            loop.Output.Activate(null, 1);
            for (int i = 0; i < 3; i++)
            {
                Assert.Null(loop.Fault);
                (await loop.NextCallAsync()).Fail(new OutputException("no"));
                await loop.EndedAsync();
                if (i < 2)
                    loop.Pass(loop.Outputs.NextDueMs!.Value - loop.NowMs);
            }

            Assert.Equal(("no", "no"), (loop.Fault, loop.Output.Fault));
            loop.Output.Deactivate();
            (await loop.NextCallAsync()).Succeed();
            await loop.EndedAsync();
            long rest = loop.Outputs.NextDueMs!.Value - loop.NowMs;
            Assert.InRange(rest, (7 * Second) << round, (13 * Second) << round);
            loop.Pass(rest);
            Assert.Null(loop.Fault);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_host_that_fails_alone_gives_the_endpoint_up_as_soon_as_another_competes(bool isPermanent)
    {
        using var loop = new RemoteLoop();
        loop.Output.Activate(null, 1);
        for (int i = 0; i < (isPermanent ? 1 : 3); i++)
        {
            loop.Pass(i == 0 ? 0 : loop.Outputs.NextDueMs!.Value - loop.NowMs);
            (await loop.NextCallAsync()).Fail(new OutputException("no", isPermanent: isPermanent));
            await loop.EndedAsync();
        }

        Assert.Null(loop.Fault);
        loop.OthersCompete = true;
        loop.Turn();
        Assert.Equal(("no", "no"), (loop.Fault, loop.Output.Fault));

        // It rests, and works when it is wanted again.
        loop.Output.Deactivate();
        (await loop.NextCallAsync()).Succeed();
        await loop.EndedAsync();
        loop.Pass(loop.Outputs.NextDueMs!.Value - loop.NowMs);
        Assert.Null(loop.Fault);
        loop.Output.Activate(null, 2);
        (await loop.NextCallAsync()).Succeed();
        await loop.EndedAsync();
        loop.Turn();
        Assert.Null(loop.Fault);
    }

    [Fact]
    public async Task A_host_that_competes_alone_keeps_trying()
    {
        using var loop = new RemoteLoop();
        loop.Output.Activate(null, 1);
        for (int i = 0; i < 6; i++)
        {
            (await loop.NextCallAsync()).Fail(new OutputException("no"));
            await loop.EndedAsync();
            loop.Pass(loop.Outputs.NextDueMs!.Value - loop.NowMs);
        }

        Assert.Null(loop.Output.Fault);
    }

    [Fact]
    public async Task The_output_of_an_endpoint_that_is_gone_is_ended_with_a_bounded_number_of_tries()
    {
        using var loop = new RemoteLoop();
        loop.Output.Activate(null, 1);
        (await loop.NextCallAsync()).Succeed();
        await loop.EndedAsync();
        loop.Output.Remove();
        Assert.True(loop.Outputs.IsEnding);
        for (int i = 0; i < 5; i++)
        {
            RemoteCall off = await loop.NextCallAsync();
            Assert.Equal(CallKind.Deactivate, off.Kind);
            off.Fail(new OutputException("no"));
            await loop.EndedAsync();
            loop.Pass((loop.Outputs.NextDueMs ?? loop.NowMs) - loop.NowMs);
        }

        Assert.False(loop.Outputs.IsEnding);
        Assert.Null(loop.Outputs.NextDueMs);
        Assert.Equal(6, loop.Remote.Count);
    }

    [Fact]
    public async Task A_call_that_takes_too_long_is_ended_and_says_so()
    {
        using var loop = new RemoteLoop();
        loop.Remote.Deadline = TimeSpan.FromMilliseconds(1);
        loop.Remote.HangsUntilCancelled = true;
        loop.Output.Activate(null, 1);
        await loop.EndedAsync();
        Assert.Equal("not done within 0.001 s", Assert.Single(loop.Errors));
    }

    [Fact]
    public async Task Many_calls_at_once_wait_for_their_turn()
    {
        using var loop = new RemoteLoop(maxCalls: 2);
        var outputs = Enumerable.Range(0, 5).Select(i => loop.Add($"vip-{i}")).ToList();
        outputs.ForEach(output => output.Activate(null, 1));
        RemoteCall first = await loop.NextCallAsync();
        RemoteCall second = await loop.NextCallAsync();
        loop.Turn();
        Assert.Equal(2, loop.Remote.Count);
        first.Succeed();
        RemoteCall third = await loop.NextCallAsync();
        second.Succeed();
        third.Succeed();
        (await loop.NextCallAsync()).Succeed();
        (await loop.NextCallAsync()).Succeed();
        await loop.UntilAsync(() => loop.Remote.UnderWay == 0);
        Assert.Equal((5, 2), (loop.Remote.Count, loop.Remote.Most));
    }
}
