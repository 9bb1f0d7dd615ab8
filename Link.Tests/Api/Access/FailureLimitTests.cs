using System.Net;
using Link.Core.Api.Access;
using Xunit;

namespace Link.Tests.Api.Access;

public sealed class FailureLimitTests
{
    private static readonly IPAddress s_source = IPAddress.Parse("10.0.0.1");

    private readonly FailureLimit _limit = new(mostSources: 4);
    private long _now = 1_000_000;

    [Fact]
    public void The_fifth_failure_within_a_minute_locks_out_for_a_second_and_each_further_one_for_twice_as_long_up_to_a_minute()
    {
        List<long?> locks = [];
        for (int i = 0; i < 13; i++)
        {
            long? locked = Fail();
            Assert.Equal(locked, _limit.LockedForMs(s_source, _now));
            locks.Add(locked);
            _now += locked ?? 0;
            Assert.Null(_limit.LockedForMs(s_source, _now));
        }

        Assert.Equal([null, null, null, null, 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000, 60000], locks);
    }

    [Fact]
    public void Failures_that_are_spread_over_more_than_a_minute_are_borne()
    {
        for (int i = 0; i < 100; i++)
        {
            Assert.Null(Fail());
            _now += 15_001;
        }
    }

    [Fact]
    public void Five_failures_within_any_minute_count()
    {
        Fail();
        _now += 59_000;
        Assert.Equal([null, null, null], new[] { Fail(), Fail(), Fail() });
        _now += 2_000;
        Assert.Null(Fail());
        Assert.Equal(1000, Fail());
    }

    [Fact]
    public void A_minute_of_peace_after_a_lock_out_forgets_it()
    {
        LockOut();
        _now += 1_000 + 60_001;
        Assert.Equal([null, null, null, null, 1000], new[] { Fail(), Fail(), Fail(), Fail(), Fail() });
    }

    [Fact]
    public void Failures_that_were_on_their_way_do_not_lengthen_the_lock_out()
    {
        LockOut();
        Assert.Null(Fail());
        Assert.Equal(1000, _limit.LockedForMs(s_source, _now));
    }

    [Fact]
    public void A_success_resets()
    {
        LockOut();
        _limit.Succeed(s_source, "bob");
        Assert.Null(_limit.LockedForMs(s_source, _now));
        Assert.Null(Fail());
    }

    [Fact]
    public void A_success_of_ones_own_does_not_reset_guesses_at_another()
    {
        for (int i = 0; i < 4; i++)
        {
            Fail("admin");
            _limit.Succeed(s_source, "bob");
        }

        Assert.Equal(1000, Fail("bob"));
        _limit.Succeed(s_source, "bob");
        Assert.NotNull(_limit.LockedForMs(s_source, _now));
    }

    [Fact]
    public void Sources_are_counted_apart()
    {
        LockOut();
        Assert.Null(_limit.LockedForMs(IPAddress.Parse("10.0.0.2"), _now));
    }

    [Fact]
    public void A_flood_of_sources_frees_none_from_a_lock_out()
    {
        LockOut();
        for (int i = 0; i < 1000; i++)
        {
            _limit.Fail(new IPAddress(0x0A000100 + i), "x", _now + i % 900);
        }

        Assert.NotNull(_limit.LockedForMs(s_source, _now + 900));
    }

    [Fact]
    public void When_all_are_locked_out_the_one_that_would_be_free_first_makes_room()
    {
        for (int i = 0; i < 4; i++)
        {
            LockOut(new IPAddress([10, 0, 0, (byte)i]));
            _now += 10;
        }

        LockOut(new IPAddress([10, 0, 0, 9]));
        Assert.Equal([false, true, true, true, true], new byte[] { 0, 1, 2, 3, 9 }.Select(last => _limit.LockedForMs(new IPAddress([10, 0, 0, last]), _now) is not null));
    }

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.1")]
    [InlineData("::ffff:10.0.0.1", "10.0.0.1")]
    [InlineData("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::")]
    [InlineData("::1", "::")]
    public void A_source_is_an_address_or_a_64_of_IPv6(string address, string source) =>
        Assert.Equal(IPAddress.Parse(source), ClientSource.Of(IPAddress.Parse(address)));

    private long? Fail(string user = "bob") => _limit.Fail(s_source, user, _now);

    private void LockOut(IPAddress? source = null)
    {
        for (int i = 0; i < 5; i++)
        {
            _limit.Fail(source ?? s_source, "bob", _now);
        }
    }
}
