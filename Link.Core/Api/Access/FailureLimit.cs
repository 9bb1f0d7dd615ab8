using System.Net;

namespace Link.Core.Api.Access;

/// <summary>
/// Slows down whoever guesses passwords. A source with five failures within a minute is locked out for a second, and after each further failure for twice
/// as long, up to a minute; a success, or a minute of peace, ends it. Time is passed in, in milliseconds.
/// </summary>
/// <remarks>
/// A success ends it only for a source that tried no other user: whoever has a password of their own must not guess another's between two successes.
/// The table has a bound. When it is full, a new source takes the place of the one that is not locked out and has been quiet the longest, and only if all
/// are locked out that of the one whose lock-out ends first. So whoever floods the table with sources frees none of them from a lock-out while any other
/// can go, and keeps nobody out: a source that is forgotten is let in.
/// </remarks>
internal sealed class FailureLimit(int mostSources = 1024)
{
    private const int Failures = 5;
    private const long WindowMs = 60_000;
    private const long FirstLockMs = 1_000;
    private const long LongestLockMs = 60_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, Record> _sources = [];

    /// <summary>How long the source is still locked out; null: it is not.</summary>
    public long? LockedForMs(IPAddress source, long nowMs)
    {
        lock (_gate)
        {
            return _sources.TryGetValue(source, out Record? record) && record.LockedUntilMs > nowMs ? record.LockedUntilMs - nowMs : null;
        }
    }

    /// <summary>Notes a failure. Gives the length of the lock-out that begins with it, or null.</summary>
    /// <param name="source">See <see cref="ClientSource"/>.</param>
    /// <param name="user">The name that was tried, cut to a bound.</param>
    /// <param name="nowMs">Now.</param>
    public long? Fail(IPAddress source, string user, long nowMs)
    {
        lock (_gate)
        {
            if (!_sources.TryGetValue(source, out Record? record))
            {
                MakeRoom(nowMs);
                _sources.Add(source, record = new Record(user));
            }
            else if (nowMs - Math.Max(record.LastMs, record.LockedUntilMs) > WindowMs)
            {
                _sources[source] = record = new Record(user);
            }

            record.LastMs = nowMs;
            record.User = record.User == user ? user : null;
            if (record.LockMs == 0)
            {
                record.Times.Enqueue(nowMs);
                if (record.Times.Count < Failures || nowMs - record.Times.Dequeue() > WindowMs)
                {
                    return null;
                }
            }
            else if (record.LockedUntilMs > nowMs)
            {
                // It was on its way when the lock-out began.
                return null;
            }

            record.Times.Clear();
            record.LockMs = record.LockMs == 0 ? FirstLockMs : Math.Min(record.LockMs * 2, LongestLockMs);
            record.LockedUntilMs = nowMs + record.LockMs;
            return record.LockMs;
        }
    }

    /// <summary>Notes a success; the parameters are those of <see cref="Fail"/>.</summary>
    public void Succeed(IPAddress source, string user)
    {
        lock (_gate)
        {
            if (_sources.TryGetValue(source, out Record? record) && record.User == user)
            {
                _sources.Remove(source);
            }
        }
    }

    private void MakeRoom(long nowMs)
    {
        if (_sources.Count < mostSources)
        {
            return;
        }

        IPAddress? leaves = null;
        (bool Locked, long Ms) best = default;
        foreach ((IPAddress source, Record record) in _sources)
        {
            bool locked = record.LockedUntilMs > nowMs;
            (bool Locked, long Ms) rank = (locked, locked ? record.LockedUntilMs : record.LastMs);
            if (leaves is null || rank.CompareTo(best) < 0)
            {
                (leaves, best) = (source, rank);
            }
        }

        _sources.Remove(leaves!);
    }

    private sealed class Record(string user)
    {
        /// <summary>The only name that failed; null: there were several.</summary>
        public string? User { get; set; } = user;

        /// <summary>The last failures before the first lock-out, <see cref="Failures"/> at the most.</summary>
        public Queue<long> Times { get; } = new();

        public long LastMs { get; set; }

        /// <summary>Length of the last lock-out; 0: there was none.</summary>
        public long LockMs { get; set; }

        public long LockedUntilMs { get; set; } = long.MinValue / 2;
    }
}
