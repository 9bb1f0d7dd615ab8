using Link.Core.Net;
using Xunit;

namespace Link.Tests.Net;

public sealed class TokenBucketTests
{
    [Fact]
    public void A_burst_is_free_and_then_the_rate_counts()
    {
        var bucket = new TokenBucket(burst: 10, perSecond: 100);
        for (var i = 0; i < 10; i++)
            Assert.True(bucket.TryTake(1, nowMs: 1000));
        Assert.False(bucket.TryTake(1, 1000));
        Assert.Equal(1010, bucket.ReadyAtMs(1, 1000));
        Assert.False(bucket.TryTake(1, 1009));
        Assert.True(bucket.TryTake(1, 1010));
        Assert.Equal(1030, bucket.ReadyAtMs(2, 1010));
    }

    [Fact]
    public void A_long_rest_fills_it_to_the_burst_and_no_further()
    {
        var bucket = new TokenBucket(burst: 2, perSecond: 100);
        Assert.True(bucket.TryTake(2, 0));
        Assert.True(bucket.TryTake(2, 1_000_000_000_000));
        Assert.False(bucket.TryTake(1, 1_000_000_000_000));
    }

    [Fact]
    public void A_clock_that_steps_back_gives_nothing()
    {
        var bucket = new TokenBucket(burst: 1, perSecond: 1000);
        Assert.True(bucket.TryTake(1, 1000));
        Assert.False(bucket.TryTake(1, 0));
    }
}
