using Link.Core.Agent;
using Xunit;

namespace Link.Tests.Agent;

public sealed class HeapTrimTests
{
    private const long MiB = 1 << 20;

    private readonly HeapTrim _trim = new(nowMs: 1000);

    [Fact]
    public void A_burst_is_followed_by_one_collection_once_the_agent_is_at_rest()
    {
        Assert.False(_trim.IsDue(11_000, 9 * MiB));
        Assert.False(_trim.IsDue(21_000, 12 * MiB));
        Assert.True(_trim.IsDue(31_000, 12 * MiB + 1000));
        Assert.False(_trim.IsDue(41_000, 12 * MiB + 2000));
    }

    [Fact]
    public void Little_is_not_worth_it() => Assert.False(Looks(until: MiB - 1));

    [Fact]
    public void Little_that_adds_up_is() => Assert.True(Looks(until: MiB));

    [Fact]
    public void Steady_work_is_left_to_the_runtime() => Assert.False(Looks(until: 100 * MiB, step: MiB));

    [Fact]
    public void It_looks_every_ten_seconds()
    {
        Assert.False(_trim.WantsLook(10_999));
        Assert.True(_trim.WantsLook(11_000));
        _trim.IsDue(12_000, MiB);
        Assert.False(_trim.WantsLook(21_999));
        Assert.True(_trim.WantsLook(22_000));
    }

    /// <returns>Whether one of the looks found it due.</returns>
    private bool Looks(long until, long step = MiB / 8)
    {
        long now = 1000;
        bool due = false;
        for (long allocated = step; allocated <= until; allocated += step)
            due |= _trim.IsDue(now += 10_000, allocated);
        return due;
    }
}
