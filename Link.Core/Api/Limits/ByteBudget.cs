using System.Net;

namespace Link.Core.Api.Limits;

/// <summary>
/// Bytes of memory that requests may hold at a time, all together and those of one source. Who finds none left waits in line, so that many large requests
/// take longer instead of more memory. Safe from any thread.
/// </summary>
/// <param name="total">Bytes in all.</param>
/// <param name="mostOfOneSource">Bytes of one source; see <see cref="Access.ClientSource"/>.</param>
internal sealed class ByteBudget(long total, long mostOfOneSource)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<IPAddress, long> _bySource = [];
    private readonly LinkedList<Waiter> _line = [];
    private long _taken;

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
        bytes = Math.Min(bytes, mostOfOneSource);
        Waiter waiter = new(source, bytes);
        LinkedListNode<Waiter> place;
        lock (_gate)
        {
            if (Fits(source, bytes) && (_line.Count == 0 || !AnyoneAheadFits()))
            {
                return Grant(source, bytes);
            }

            place = _line.AddLast(waiter);
        }

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
    internal void Return(IPAddress source, long bytes)
    {
        lock (_gate)
        {
            _taken -= bytes;
            long left = _bySource[source] - bytes;
            if (left == 0)
            {
                _bySource.Remove(source);
            }
            else
            {
                _bySource[source] = left;
            }

            ServeLine();
        }
    }

    private bool Fits(IPAddress source, long bytes) =>
        _taken + bytes <= total && _bySource.GetValueOrDefault(source) + bytes <= mostOfOneSource;

    private bool AnyoneAheadFits()
    {
        foreach (Waiter waiter in _line)
        {
            if (_bySource.GetValueOrDefault(waiter.Source) + waiter.Bytes <= mostOfOneSource)
            {
                return true;
            }
        }

        return false;
    }

    private ByteLease Grant(IPAddress source, long bytes)
    {
        _taken += bytes;
        _bySource[source] = _bySource.GetValueOrDefault(source) + bytes;
        return new ByteLease(this, source, bytes);
    }

    /// <summary>First come, first served; but a source that has its share keeps nobody behind it waiting.</summary>
    private void ServeLine()
    {
        for (LinkedListNode<Waiter>? place = _line.First; place is not null;)
        {
            LinkedListNode<Waiter>? next = place.Next;
            Waiter waiter = place.Value;
            if (_bySource.GetValueOrDefault(waiter.Source) + waiter.Bytes <= mostOfOneSource)
            {
                if (_taken + waiter.Bytes > total)
                {
                    return;
                }

                _line.Remove(place);
                waiter.Turn.SetResult(Grant(waiter.Source, waiter.Bytes));
            }

            place = next;
        }
    }

    /// <summary>Out of the line. The lease, if the turn came at the last moment.</summary>
    private ByteLease? Leave(LinkedListNode<Waiter> place)
    {
        lock (_gate)
        {
            if (place.Value.Turn.Task.IsCompletedSuccessfully)
            {
                return place.Value.Turn.Task.Result;
            }

            _line.Remove(place);
            // Whoever stood behind a large wish may fit.
            ServeLine();
            return null;
        }
    }

    private sealed class Waiter(IPAddress source, long bytes)
    {
        public IPAddress Source { get; } = source;

        public long Bytes { get; } = bytes;

        public TaskCompletionSource<ByteLease> Turn { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
