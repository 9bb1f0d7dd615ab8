using System.Net;
using Link.Core.Api.Access;
using Link.Tests.HealthChecks;
using Xunit;

namespace Link.Tests.Api.Access;

public sealed class PasswordQueueTests
{
    private static readonly ApiUser s_bob = new("bob", Role.Read, PasswordHash.OfNobody(10_000));

    private readonly ManualTime _time = new();
    private readonly PauseCount _pauses;
    private readonly List<Task<(bool Busy, ApiUser? User)>> _asked = [];
    private readonly PasswordQueue _queue;
    private long _processorTicks;
    private int _wrong;

    /// <summary>When the right one was checked; null: not yet.</summary>
    private int? _wrongBeforeRight;

    public PasswordQueueTests()
    {
        _pauses = new PauseCount(_time);
        _queue = new PasswordQueue(_pauses, () => TimeSpan.FromTicks(Interlocked.Read(ref _processorTicks)));
    }

    [Fact]
    public async Task In_a_flood_from_thousands_of_networks_the_first_right_password_of_another_is_the_next()
    {
        await FloodAsync(seconds: 30);
        Assert.All(_asked.Where(task => task.IsCompletedSuccessfully), task => Assert.Null(task.Result.User));

        await SettleAsync();
        int before = _wrong;
        Task<(bool Busy, ApiUser? User)> honest = Ask("2001:db8:ffff:1::", "right", s_bob);
        for (int second = 0; second < 3 && !honest.IsCompleted; second++)
        {
            await FloodAsync(seconds: 1, from: 1000 + second);
        }

        // Nothing was being checked when it came, and nothing was before it.
        Assert.Equal((false, s_bob), await honest);
        Assert.Equal(before, _wrongBeforeRight);
    }

    [Fact]
    public async Task A_client_whose_provider_has_guessers_has_its_turn_when_each_of_the_other_networks_had_one()
    {
        // Six sites guess without end; the client is at one of them, at another link.
        const int sites = 6;
        Task<(bool Busy, ApiUser? User)>? honest = null;
        int before = 0;
        for (int second = 0; _wrongBeforeRight is null && second < 50; second++)
        {
            for (int site = 0; site < sites; site++)
            {
                Guess($"2001:db8:{site:x}:1::", $"{second}");
            }

            await SettleAsync();
            if (second == 40)
            {
                (before, honest) = (_wrong, Ask("2001:db8:5:2::", "right", s_bob));
                await SettleAsync();
            }

            _time.Advance(TimeSpan.FromMilliseconds(1100));
        }

        Assert.Equal((false, s_bob), await honest!);
        Assert.InRange(_wrongBeforeRight!.Value - before, 0, sites);
    }

    [Fact]
    public async Task Wrong_passwords_of_all_sources_together_take_a_tenth_of_a_processor()
    {
        await FloodAsync(seconds: 120);
        await SettleAsync();
        TimeSpan used = TimeSpan.FromTicks(Interlocked.Read(ref _processorTicks));
        Assert.InRange(used, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(2 + 13.2 + 0.2));
    }

    [Fact]
    public async Task Right_passwords_cost_nothing_of_it()
    {
        for (int i = 0; i < 200; i++)
        {
            Assert.Equal(s_bob, (await Ask($"10.{i}.0.1", $"right{i}", s_bob)).User);
        }
    }

    [Fact]
    public async Task A_source_has_eight_places_and_a_site_sixteen()
    {
        await SpendAllAsync();
        for (int i = 0; i < 9; i++)
        {
            Guess("2001:db8::", $"{i}");
        }

        Assert.Equal((true, null), await _asked[^1]);
        for (int i = 0; i < 9; i++)
        {
            Guess($"2001:db8:0:{i + 1:x}::");
        }

        Assert.Equal((true, null), await _asked[^1]);
        Guess("2001:db8:1::");
        Guess("192.0.2.1");
        Assert.False(_asked[^1].IsCompleted || _asked[^2].IsCompleted);
    }

    [Fact]
    public async Task Equal_credentials_of_a_source_share_a_place_and_a_hash()
    {
        await SpendAllAsync();
        int before = _wrong;
        for (int i = 0; i < 40; i++)
        {
            Guess("192.0.2.1", "same");
        }

        await SettleAsync();
        _time.Advance(TimeSpan.FromMilliseconds(1100));
        Assert.All(await Task.WhenAll(_asked), answer => Assert.Equal((false, null), answer));
        Assert.Equal(before + 1, _wrong);
    }

    [Fact]
    public async Task Whoever_has_no_turn_in_ten_seconds_is_told_so_and_leaves_its_place()
    {
        await SpendAllAsync(costSeconds: 20);
        Guess("192.0.2.1");
        await SettleAsync();
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal((true, null), await _asked[^1]);
        int before = _wrong;
        _time.Advance(TimeSpan.FromMinutes(10));
        await Until.TrueAsync(() => _time.Pending == 0);
        Assert.Equal(before, _wrong);
    }

    /// <summary>A new site of one provider guesses each time, more of them than there are places.</summary>
    private async Task FloodAsync(int seconds, int from = 0)
    {
        for (int second = 0; second < seconds; second++)
        {
            for (int i = 0; i < 100; i++)
            {
                int site = ((from + second) * 100) + i;
                Guess($"2001:{(site >> 16) + 0xa00:x}:{site & 0xffff:x}::");
            }

            await SettleAsync();
            _time.Advance(TimeSpan.FromMilliseconds(1100));
        }
    }

    private async Task SpendAllAsync(double costSeconds = 2.05)
    {
        await Ask("198.51.100.1", "first", null, costSeconds);
    }

    private void Guess(string source, string password = "guess") => _ = Ask(source, password, null);

    private Task<(bool Busy, ApiUser? User)> Ask(string source, string password, ApiUser? user, double costSeconds = 0.1)
    {
        BasicCredentials credentials = BasicCredentials.Parse(TestUsers.Header("bob", password).ToString())!;
        Task<(bool Busy, ApiUser? User)> asked = _queue.CheckAsync(IPAddress.Parse(source), credentials, () =>
        {
            Interlocked.Add(ref _processorTicks, TimeSpan.FromSeconds(costSeconds).Ticks);
            if (user is null)
            {
                _wrong++;
            }
            else
            {
                _wrongBeforeRight = _wrong;
            }

            return user;
        }, TestContext.Current.CancellationToken);
        _asked.Add(asked);
        return asked;
    }

    /// <summary>Until nothing happens any more before the clock moves: the queue pauses, or nobody waits.</summary>
    private Task SettleAsync() => Until.TrueAsync(() => _pauses.Now == 1 || _asked.TrueForAll(task => task.IsCompleted));

    /// <summary>The clock, which counts the queue's own timers. Those of who waits are ten seconds long.</summary>
    private sealed class PauseCount(ManualTime time) : TimeProvider
    {
        private int _now;

        public int Now => Volatile.Read(ref _now);

        public override long TimestampFrequency => time.TimestampFrequency;

        public override long GetTimestamp() => time.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            if (dueTime == TimeSpan.FromSeconds(10))
            {
                return time.CreateTimer(callback, state, dueTime, period);
            }

            ITimer timer = time.CreateTimer(
                fired =>
                {
                    Interlocked.Decrement(ref _now);
                    callback(fired);
                },
                state, dueTime, period);
            Interlocked.Increment(ref _now);
            return timer;
        }
    }
}
