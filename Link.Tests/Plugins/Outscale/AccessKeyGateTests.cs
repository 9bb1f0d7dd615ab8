using Link.Core.Plugins;
using Link.Core.Plugins.Outscale;
using Xunit;

namespace Link.Tests.Plugins.Outscale;

public sealed class AccessKeyGateTests
{
    private static readonly OutputException Wrong = new("wrong key", isPermanent: true);

    private readonly AccessKeyGate _gate;
    private long _now = 1_000_000;

    public AccessKeyGateTests() => _gate = new AccessKeyGate(() => _now);

    [Fact]
    public async Task The_first_request_goes_alone_and_the_others_go_after_its_success()
    {
        await EnterAsync();
        List<Task> others = [.. Enumerable.Range(0, 5).Select(_ => EnterAsync())];
        Assert.All(others, other => Assert.False(other.IsCompleted));
        Leave(KeyVerdict.Accepted);
        await Task.WhenAll(others[..3]);
        await AssertWaitsAsync(others[3]);
        Leave(KeyVerdict.Accepted);
        await others[3];
        await AssertWaitsAsync(others[4]);
    }

    [Fact]
    public async Task A_refusal_ends_the_wait_of_all_and_nobody_asks_before_the_rest_is_over()
    {
        await EnterAsync();
        Task[] others = [EnterAsync(), EnterAsync()];
        Leave(KeyVerdict.Refused, Wrong);
        foreach (Task other in others)
            await Assert.ThrowsAsync<OutputException>(() => other);
        _now += 20_000;
        var refused = await Assert.ThrowsAsync<OutputException>(() => EnterAsync());
        Assert.Equal("not asked again with these keys for 40 s, so as not to lock the account: wrong key", refused.Message);
        Assert.Equal((TimeSpan.FromSeconds(40), true), (refused.RetryAfter, refused.IsPermanent));
        _now += 40_000;
        await EnterAsync();
        Assert.False(EnterAsync().IsCompleted);
    }

    [Fact]
    public async Task Each_refusal_makes_the_rest_longer_and_a_success_ends_the_count()
    {
        foreach (int seconds in (int[])[60, 600, 3600, 3600])
        {
            await RefusedForAsync(seconds);
            _now += seconds * 1000L;
        }

        await EnterAsync();
        Leave(KeyVerdict.Accepted);
        await RefusedForAsync(60);
    }

    [Fact]
    public async Task Keys_that_are_withdrawn_under_way_make_fewer_wrong_signatures_than_lock_the_account()
    {
        await EnterAsync();
        Leave(KeyVerdict.Accepted);
        List<Task> many = [.. Enumerable.Range(0, 20).Select(_ => EnterAsync())];
        int sent = many.Count(one => one.IsCompletedSuccessfully);
        for (int i = 0; i < sent; i++)
            Leave(KeyVerdict.Refused, Wrong);
        Assert.InRange(sent, 1, 3);
        foreach (Task refused in many[sent..])
            await Assert.ThrowsAsync<OutputException>(() => refused);
        // Three of them count as three.
        Assert.Equal(TimeSpan.FromHours(1), (await Assert.ThrowsAsync<OutputException>(() => EnterAsync())).RetryAfter);
    }

    [Fact]
    public async Task Trust_ends_when_nothing_was_heard_for_a_while()
    {
        await EnterAsync();
        Leave(KeyVerdict.Accepted);
        _now += 10_000;
        await EnterAsync();
        Assert.False(EnterAsync().IsCompleted);
    }

    [Fact]
    public async Task Who_waits_for_a_request_that_gets_no_answer_gets_none_either()
    {
        await EnterAsync();
        Task[] others = [EnterAsync(), EnterAsync()];
        Leave(KeyVerdict.Unreachable, new OutputException("no route"));
        foreach (Task other in others)
            Assert.Equal("not asked, because another request of this host got no answer: no route", (await Assert.ThrowsAsync<OutputException>(() => other)).Message);
        await EnterAsync();
        Assert.False(EnterAsync().IsCompleted);
    }

    [Fact]
    public async Task After_an_answer_that_says_nothing_of_the_keys_the_next_one_tries()
    {
        await EnterAsync();
        Task second = EnterAsync();
        Task third = EnterAsync();
        Leave(KeyVerdict.None);
        await second;
        await AssertWaitsAsync(third);
    }

    [Fact]
    public async Task Who_is_cancelled_while_waiting_takes_no_turn()
    {
        using var cancel = new CancellationTokenSource();
        await EnterAsync();
        Task cancelled = _gate.EnterAsync("pair", cancel.Token);
        Task next = EnterAsync();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Leave(KeyVerdict.None);
        await next;
    }

    [Fact]
    public async Task Another_pair_of_keys_does_not_wait()
    {
        await RefusedForAsync(60);
        await _gate.EnterAsync("other", TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_locked_account_rests_for_a_minute_and_is_no_fault_of_the_keys()
    {
        await EnterAsync();
        Leave(KeyVerdict.Locked, new OutputException("locked", TimeSpan.FromMinutes(1)));
        var refused = await Assert.ThrowsAsync<OutputException>(() => EnterAsync());
        Assert.Equal((TimeSpan.FromMinutes(1), false), (refused.RetryAfter, refused.IsPermanent));
        _now += 60_000;
        await RefusedForAsync(60);
    }

    [Fact]
    public async Task So_many_pairs_are_kept_and_those_that_rest_are_dropped_last()
    {
        await RefusedForAsync(60);
        for (int i = 0; i < AccessKeyGate.MaxKeys * 2; i++)
        {
            await _gate.EnterAsync($"pair {i}", TestContext.Current.CancellationToken);
            _gate.Leave($"pair {i}", KeyVerdict.Accepted, null);
        }

        Assert.Equal(AccessKeyGate.MaxKeys, _gate.Count);
        await Assert.ThrowsAsync<OutputException>(() => EnterAsync());
    }

    private async Task RefusedForAsync(int seconds)
    {
        await EnterAsync();
        Leave(KeyVerdict.Refused, Wrong);
        Assert.Equal(TimeSpan.FromSeconds(seconds), (await Assert.ThrowsAsync<OutputException>(() => EnterAsync())).RetryAfter);
    }

    /// <summary>Continuations run on the pool: what was let through by mistake would have ended after these.</summary>
    private static async Task AssertWaitsAsync(Task turn)
    {
        for (int i = 0; i < 10; i++)
            await Task.Run(static () => { });
        Assert.False(turn.IsCompleted);
    }

    private Task EnterAsync() => _gate.EnterAsync("pair", TestContext.Current.CancellationToken);

    private void Leave(KeyVerdict verdict, OutputException? reason = null) => _gate.Leave("pair", verdict, reason);
}
