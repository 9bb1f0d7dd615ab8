using System.Net;
using Link.Core.Net.Linux;

namespace Link.Core.Api.Access;

/// <summary>
/// Where passwords wait for their hash, which takes a tenth of a second of a processor that the agent needs for other things: one at a time, and wrong ones
/// within <see cref="HashBudget"/>.
/// </summary>
/// <remarks>
/// Whoever guesses may have any number of addresses, and so the turn goes to the networks, not to who came first: to the provider whose last wrong
/// password is the longest ago (or that had none), of its sites to the one with the longest, then of its sources, then by age. When all places are taken a
/// newcomer takes that of the last in this order, if it comes before that. So every wrong password puts its networks behind all others, a client from a
/// network without one waits for one hash and its share of the budget, and any other waits for one turn of each network at the most. Equal credentials
/// of one source share a place.
/// </remarks>
/// <param name="time">For the budget and the longest wait.</param>
/// <param name="processorTime">Of the thread that asks; null: as the kernel counts it.</param>
internal sealed class PasswordQueue(TimeProvider time, Func<TimeSpan>? processorTime = null)
{
    private const int MostWaiting = 64;
    private const int MostOfOneSite = 16;
    private const int MostOfOneSource = 8;

    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(10);

    private readonly Func<TimeSpan> _processorTime = processorTime ?? (static () => ThreadClock.Used);
    private readonly Lock _gate = new();
    private readonly HashBudget _budget = new();
    private readonly WrongBefore _wrongBefore = new();
    private readonly List<Place> _waiting = [];
    private Place? _running;
    private bool _serving;
    private long _entered;

    /// <summary>Waits for a turn, checks, and gives the user; null: the password is wrong.</summary>
    /// <param name="source">See <see cref="ClientSource"/>.</param>
    /// <param name="credentials">Equal ones share a check.</param>
    /// <param name="check">Takes long. Null: wrong.</param>
    /// <param name="clientGone">Ends the wait.</param>
    /// <returns>Busy: there was no place, or no turn in time.</returns>
    public async Task<(bool Busy, ApiUser? User)> CheckAsync(IPAddress source, BasicCredentials credentials, Func<ApiUser?> check, CancellationToken clientGone)
    {
        Place? place;
        lock (_gate)
        {
            place = Find(source, credentials) ?? Enter(source, credentials, check);
            if (place is null)
            {
                return (true, null);
            }

            place.Waiters++;
        }

        try
        {
            return await place.Result.Task.WaitAsync(s_longestWait, time, clientGone);
        }
        catch (TimeoutException)
        {
            return (true, null);
        }
        finally
        {
            lock (_gate)
            {
                if (--place.Waiters == 0)
                {
                    _waiting.Remove(place);
                }
            }
        }
    }

    private Place? Find(IPAddress source, BasicCredentials credentials) =>
        _running is { } running && running.IsOf(source, credentials) ? running : _waiting.Find(place => place.IsOf(source, credentials));

    private Place? Enter(IPAddress source, BasicCredentials credentials, Func<ApiUser?> check)
    {
        Place place = new(SourceNetworks.Of(source), source, credentials, check, _entered++);
        if (_waiting.Count(other => other.Networks.Source == place.Networks.Source) >= MostOfOneSource
            || _waiting.Count(other => other.Networks.Site == place.Networks.Site) >= MostOfOneSite)
        {
            return null;
        }

        if (_waiting.Count >= MostWaiting)
        {
            Place last = _waiting.MaxBy(Rank)!;
            if (Rank(place).CompareTo(Rank(last)) >= 0)
            {
                return null;
            }

            _waiting.Remove(last);
            last.Result.TrySetResult((true, null));
        }

        _waiting.Add(place);
        if (!_serving)
        {
            _serving = true;
            _ = Task.Run(ServeAsync, CancellationToken.None);
        }

        return place;
    }

    private (long Wide, long Site, long Source, long Entered) Rank(Place place) =>
        (_wrongBefore.Last(place.Networks.Wide), _wrongBefore.Last(place.Networks.Site), _wrongBefore.Last(place.Networks.Source), place.Entered);

    private async Task ServeAsync()
    {
        while (true)
        {
            Place next;
            TimeSpan pause;
            lock (_gate)
            {
                if (_waiting.Count == 0)
                {
                    _serving = false;
                    return;
                }

                pause = _budget.ReadyIn(Now);
                next = _waiting.MinBy(Rank)!;
                if (pause == TimeSpan.Zero)
                {
                    _waiting.Remove(next);
                    _running = next;
                }
            }

            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, time);
                continue;
            }

            Serve(next);
        }
    }

    private void Serve(Place place)
    {
        TimeSpan before = _processorTime();
        ApiUser? user = null;
        Exception? fault = null;
        try
        {
            user = place.Check();
        }
        catch (Exception thrown)
        {
            fault = thrown;
        }

        TimeSpan cost = _processorTime() - before;
        lock (_gate)
        {
            _running = null;
            if (user is null)
            {
                _budget.Spend(cost, Now);
                _wrongBefore.Note(place.Networks);
            }
        }

        if (fault is null)
        {
            place.Result.TrySetResult((false, user));
        }
        else
        {
            place.Result.TrySetException(fault);
        }
    }

    private TimeSpan Now => time.GetElapsedTime(0);

    private sealed class Place(SourceNetworks networks, IPAddress source, BasicCredentials credentials, Func<ApiUser?> check, long entered)
    {
        public SourceNetworks Networks { get; } = networks;

        public Func<ApiUser?> Check { get; } = check;

        public long Entered { get; } = entered;

        public TaskCompletionSource<(bool Busy, ApiUser? User)> Result { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public int Waiters { get; set; }

        public bool IsOf(IPAddress other, BasicCredentials theirs) => source.Equals(other) && credentials.Pair.SequenceEqual(theirs.Pair);
    }
}
