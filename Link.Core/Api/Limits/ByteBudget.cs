using System.Net;

namespace Link.Core.Api.Limits;

/// <summary>
/// Bytes of memory that requests may hold at a time, all together and those of one source. Who finds none left waits in line, who would have the least
/// first; and of the source that has the most, the oldest lease that only waits for its client is revoked. So many large requests take longer instead of
/// more memory, and slow ones keep nobody out. Safe from any thread.
/// </summary>
/// <param name="total">Bytes in all.</param>
/// <param name="mostOfOneSource">Bytes of one source; see <see cref="Access.ClientSource"/>.</param>
internal sealed class ByteBudget(long total, long mostOfOneSource)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, long> _bySource = [];

    // Both bounded by the connections.
    private readonly LinkedList<Waiter> _line = [];
    private readonly LinkedList<ByteLease> _revocable = [];
    private long _taken;
    private long _revoked;

    /// <summary>Bytes that are out now.</summary>
    public long Taken
    {
        get
        {
            lock (_gate)
            {
                return _taken;
            }
        }
    }

    /// <summary>Takes bytes, at once or when they are back. Null: there were none in time.</summary>
    /// <param name="source">Whose request it is.</param>
    /// <param name="bytes">How many; more than one source may have counts as that many.</param>
    /// <param name="patience">How long to stand in line.</param>
    /// <param name="cancel">Ends the wait.</param>
    /// <exception cref="OperationCanceledException">By <paramref name="cancel"/>.</exception>
    public async ValueTask<ByteLease?> TakeAsync(IPAddress source, long bytes, TimeSpan patience, CancellationToken cancel)
    {
        Waiter waiter = new(source, Math.Min(bytes, mostOfOneSource));
        LinkedListNode<Waiter> place;
        IReadOnlyList<ByteLease> revoked;
        lock (_gate)
        {
            place = _line.AddLast(waiter);
            revoked = ServeLine();
        }

        Revoke(revoked);
        try
        {
            return await waiter.Turn.Task.WaitAsync(patience, cancel);
        }
        catch (TimeoutException)
        {
            return Leave(place);
        }
        catch (OperationCanceledException)
        {
            Leave(place)?.Dispose();
            throw;
        }
    }

    /// <summary>Called by the lease, once.</summary>
    internal void Return(ByteLease lease)
    {
        IReadOnlyList<ByteLease> revoked;
        lock (_gate)
        {
            _revocable.Remove(lease);
            _revoked -= lease.IsRevoked ? lease.Bytes : 0;
            _taken -= lease.Bytes;
            long left = _bySource[lease.Source] - lease.Bytes;
            if (left == 0)
            {
                _bySource.Remove(lease.Source);
            }
            else
            {
                _bySource[lease.Source] = left;
            }

            revoked = ServeLine();
        }

        Revoke(revoked);
    }

    internal void Settle(ByteLease lease)
    {
        lock (_gate)
        {
            _revocable.Remove(lease);
        }
    }

    private long TakenBy(IPAddress source) => _bySource.GetValueOrDefault(source);

    /// <summary>
    /// Who would have the least goes first, and of equals who came first. Who has a whole share keeps nobody waiting. Where the next one does not fit,
    /// those who have more than it would have give back what only waits for their clients.
    /// </summary>
    /// <returns>What is to be revoked.</returns>
    private IReadOnlyList<ByteLease> ServeLine()
    {
        while (FindNext() is { } next)
        {
            Waiter waiter = next.Value;
            if (_taken + waiter.Bytes > total)
            {
                return MakeRoom(waiter);
            }

            _line.Remove(next);
            _taken += waiter.Bytes;
            _bySource[waiter.Source] = TakenBy(waiter.Source) + waiter.Bytes;
            ByteLease lease = new(this, waiter.Source, waiter.Bytes);
            _revocable.AddLast(lease);
            waiter.Turn.SetResult(lease);
        }

        return [];
    }

    private LinkedListNode<Waiter>? FindNext()
    {
        LinkedListNode<Waiter>? next = null;
        long least = mostOfOneSource + 1;
        for (LinkedListNode<Waiter>? place = _line.First; place is not null; place = place.Next)
        {
            long wouldHave = TakenBy(place.Value.Source) + place.Value.Bytes;
            if (wouldHave < least)
            {
                (next, least) = (place, wouldHave);
            }
        }

        return next;
    }

    private List<ByteLease> MakeRoom(Waiter waiter)
    {
        List<ByteLease> revoked = [];
        long wouldHave = TakenBy(waiter.Source) + waiter.Bytes;
        while (_taken - _revoked + waiter.Bytes > total && FindRichest(wouldHave) is { } lease)
        {
            _revocable.Remove(lease);
            lease.IsRevoked = true;
            _revoked += lease.Bytes;
            revoked.Add(lease);
        }

        return revoked;
    }

    /// <summary>Not under the lock: what hangs on a lease runs at once.</summary>
    private static void Revoke(IReadOnlyList<ByteLease> leases)
    {
        foreach (ByteLease lease in leases)
        {
            lease.Revoke();
        }
    }

    private ByteLease? FindRichest(long than)
    {
        ByteLease? richest = null;
        long most = than;
        foreach (ByteLease lease in _revocable)
        {
            long taken = TakenBy(lease.Source);
            if (taken > most)
            {
                (richest, most) = (lease, taken);
            }
        }

        return richest;
    }

    /// <summary>Out of the line. The lease, if the turn came at the last moment.</summary>
    private ByteLease? Leave(LinkedListNode<Waiter> place)
    {
        IReadOnlyList<ByteLease> revoked;
        lock (_gate)
        {
            if (place.Value.Turn.Task.IsCompletedSuccessfully)
            {
                return place.Value.Turn.Task.Result;
            }

            _line.Remove(place);
            revoked = ServeLine();
        }

        Revoke(revoked);
        return null;
    }

    private sealed class Waiter(IPAddress source, long bytes)
    {
        public IPAddress Source { get; } = source;

        public long Bytes { get; } = bytes;

        public TaskCompletionSource<ByteLease> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
