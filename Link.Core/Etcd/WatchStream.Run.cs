namespace Link.Core.Etcd;

internal sealed partial class WatchStream
{
    private static readonly TimeSpan RefusedBackoff = TimeSpan.FromSeconds(5);

    /// <summary>The watches have a place to go on from.</summary>
    private bool _isPinned;

    private bool _isWorking;
    private bool _isLostTold;
    private ulong _cluster;

    /// <summary>The highest revision ever seen.</summary>
    private long _revision;

    private ulong _term;

    private int _failures;
    private long _received;
    private bool _isProbing;

    private async Task RunAsync()
    {
        while (!_closed.IsCancellationRequested)
        {
            GrpcStream? stream = null;
            TimeSpan pause;
            try
            {
                stream = await _client.OpenAsync(Rpc.Watch, _client.RequestTimeout, _closed.Token).ConfigureAwait(false);
                await CreateAllAsync(stream).ConfigureAwait(false);
                await FollowAsync(stream).ConfigureAwait(false);
                continue;
            }
            catch (EtcdException fault)
            {
                pause = OnFault(stream, fault);
            }
            catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException)
            {
                break;
            }
            finally
            {
                lock (_gate)
                    _stream = null;
                stream?.Dispose();
            }
            try
            {
                await Task.Delay(pause, _client.Time, _closed.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }
    }

    /// <summary>How long to wait before the next try.</summary>
    private TimeSpan OnFault(GrpcStream? stream, EtcdException fault)
    {
        if (stream is not null)
            _client.Report(stream.Connection, fault, stream.OpenedAt);
        bool wasWorking = _isWorking;
        _isWorking = false;
        if (fault.Kind == EtcdFailure.Compacted)
            _isPinned = false;
        if (!_isLostTold)
        {
            _isLostTold = true;
            _callback(new WatchMessage.Lost(fault.Message));
        }
        if (wasWorking)
            return TimeSpan.Zero;
        return fault.Kind is EtcdFailure.PermissionDenied or EtcdFailure.InvalidRequest ? RefusedBackoff : _client.Backoff(_failures++);
    }

    private async Task FollowAsync(GrpcStream stream)
    {
        for (; ; )
            Handle(stream, await ReadAsync(stream, _closed.Token).ConfigureAwait(false));
    }

    /// <exception cref="EtcdException">What it says has no sense: this is a member to be left.</exception>
    private static async Task<WatchResponse> ReadAsync(GrpcStream stream, CancellationToken cancel)
    {
        WatchResponse answer = await stream.ReadAsync(WatchResponse.Parser, cancel).ConfigureAwait(false);
        return AnswerShape.Fault(answer) is { } wrong ? throw new EtcdException(EtcdFailure.Unavailable, stream.Connection.Name, wrong) : answer;
    }

    private void Handle(GrpcStream stream, WatchResponse answer)
    {
        _received++;
        if (answer.Canceled)
        {
            throw answer.CompactRevision > 0
                ? new EtcdException(EtcdFailure.Compacted, stream.Connection.Name, $"the history up to revision {answer.CompactRevision} is compacted")
                : GrpcStatus.FromCancelReason(stream.Connection.Name, answer.CancelReason);
        }
        _revision = Math.Max(_revision, answer.Header.Revision);
        _term = Math.Max(_term, answer.Header.RaftTerm);
        // Answers to RequestProgress (id -1) may overtake events in etcd before 3.4.25 and 3.5.8: they are a sign of life and no more.
        if (Find(answer.WatchId) is not { } watch)
            return;
        if (answer.Events.Count == 0 && watch.Fragments.Count == 0)
        {
            watch.Next = Math.Max(watch.Next, answer.Header.Revision + 1);
            return;
        }
        IReadOnlyList<Event> events = answer.Events;
        if (answer.Fragment || watch.Fragments.Count > 0)
        {
            watch.FragmentBytes += answer.CalculateSize();
            if (watch.FragmentBytes > GrpcFrame.MaximalMessage)
                throw new EtcdException(EtcdFailure.Unavailable, stream.Connection.Name, $"a watch tells of one change in parts of more than {GrpcFrame.MaximalMessage} bytes");
            watch.Fragments.AddRange(answer.Events);
            if (answer.Fragment)
                return;
            events = [.. watch.Fragments];
            watch.ForgetFragments();
        }
        long last = events[^1].Kv.ModRevision;
        if (last < watch.Next)
            return;
        watch.Next = last + 1;
        _callback(new WatchMessage.Events(events, last));
    }

    private Watched? Find(long id)
    {
        foreach (Watched watch in _watches)
            if (watch.Id == id)
                return watch;
        return null;
    }

    /// <summary>Asks for a sign of life and waits for anything.</summary>
    private async Task ProbeAsync(GrpcStream stream)
    {
        long before = Volatile.Read(ref _received);
        try
        {
            await stream.WriteAsync(new WatchRequest { ProgressRequest = new WatchProgressRequest() }, _closed.Token).ConfigureAwait(false);
            await Task.Delay(_client.RequestTimeout, _client.Time, _closed.Token).ConfigureAwait(false);
            if (Volatile.Read(ref _received) == before && stream == _stream)
                _client.ReportSilence(stream.Connection, $"no answer of a watch within {TransportFault.Text(_client.RequestTimeout)}");
        }
        catch (Exception fault) when (fault is EtcdException or OperationCanceledException)
        {
            // The reader of the stream sees the same failure.
        }
        finally
        {
            lock (_gate)
                _isProbing = false;
        }
    }

    private static WatchRequest CreateRequest(Watched watch) => new()
    {
        CreateRequest = new WatchCreateRequest
        {
            Key = watch.Key.Range.Key,
            RangeEnd = watch.Key.Range.End,
            StartRevision = watch.Next,
            PrevKv = watch.Key.PreviousValue,
            ProgressNotify = true,
            Fragment = true,
        },
    };
}
