namespace Link.Core.Etcd;

/// <summary>
/// Renews leases over one stream, which is opened with the first keep-alive and anew after a failure. The owner says when to send; each
/// <see cref="Send"/> is answered by exactly one call of the callback, on any thread and never two at once for the same lease; it must
/// be quick and must not throw. An answer after the deadline is never taken for that of a later request: the stream is given up with
/// the deadline.
/// </summary>
internal sealed class LeaseKeepAlive : IDisposable
{
    private readonly Lock _gate = new();
    private readonly EtcdClient _client;
    private readonly TimeSpan _deadline;
    private readonly Func<long> _clock;
    private readonly Action<KeepAliveResult> _callback;
    private readonly CancellationTokenSource _closed = new();
    private readonly Dictionary<long, Pending> _pending = [];
    private readonly Queue<long> _queue = [];
    private readonly ITimer _timer;
    private readonly LeaseKeepAliveRequest _request = new();
    private GrpcStream? _stream;
    private long _lastAnswer;
    private bool _pumping;

    /// <param name="deadline">From <see cref="Send"/> to the answer.</param>
    /// <param name="clock">Milliseconds of the owner's clock, for <see cref="KeepAliveResult.SentAt"/>.</param>
    public LeaseKeepAlive(EtcdClient client, TimeSpan deadline, Func<long> clock, Action<KeepAliveResult> callback)
    {
        _client = client;
        _deadline = deadline;
        _clock = clock;
        _callback = callback;
        _timer = client.Time.CreateTimer(static self => ((LeaseKeepAlive)self!).OnDeadline(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Asks for a renewal and returns at once. Does nothing while one is outstanding for the lease.</summary>
    public void Send(long leaseId)
    {
        lock (_gate)
        {
            if (_closed.IsCancellationRequested || _pending.ContainsKey(leaseId))
                return;
            _pending.Add(leaseId, new Pending(_client.Time.GetTimestamp()));
            _queue.Enqueue(leaseId);
            if (_pending.Count == 1)
                _timer.Change(_deadline, Timeout.InfiniteTimeSpan);
            if (_pumping)
                return;
            _pumping = true;
        }
        _ = Task.Run(PumpAsync);
    }

    public void Dispose()
    {
        GrpcStream? stream;
        lock (_gate)
        {
            if (_closed.IsCancellationRequested)
                return;
            _closed.Cancel();
            stream = _stream;
            _stream = null;
            _pending.Clear();
            _queue.Clear();
        }
        _timer.Dispose();
        stream?.Dispose();
    }

    /// <summary>Writes what is queued, opening the stream if there is none.</summary>
    private async Task PumpAsync()
    {
        for (; ; )
        {
            GrpcStream? stream;
            lock (_gate)
            {
                if (_queue.Count == 0 || _closed.IsCancellationRequested)
                {
                    _pumping = false;
                    return;
                }
                stream = _stream;
            }
            try
            {
                stream ??= await OpenAsync().ConfigureAwait(false);
                long id;
                lock (_gate)
                {
                    if (_stream != stream || !_queue.TryDequeue(out id))
                        continue;
                    if (!_pending.TryGetValue(id, out Pending? pending) || pending.Stream is not null)
                        continue;
                    pending.Stream = stream;
                    pending.SentAt = _clock();
                }
                _request.ID = id;
                await stream.WriteAsync(_request, _closed.Token).ConfigureAwait(false);
            }
            catch (EtcdException fault)
            {
                Break(stream, fault);
            }
            catch (Exception fault) when (fault is OperationCanceledException or ObjectDisposedException)
            {
                FailAll("the client was closed");
            }
        }
    }

    private async Task<GrpcStream> OpenAsync()
    {
        GrpcStream stream = await _client.OpenAsync(Rpc.LeaseKeepAlive, _deadline, _closed.Token).ConfigureAwait(false);
        lock (_gate)
        {
            if (_closed.IsCancellationRequested)
            {
                stream.Dispose();
                throw new OperationCanceledException();
            }
            _stream = stream;
        }
        _ = ReadAsync(stream);
        return stream;
    }

    private async Task ReadAsync(GrpcStream stream)
    {
        try
        {
            for (; ; )
            {
                LeaseKeepAliveResponse answer = await stream.ReadAsync(LeaseKeepAliveResponse.Parser, _closed.Token).ConfigureAwait(false);
                Pending? pending;
                lock (_gate)
                {
                    if (_stream != stream)
                        return;
                    _lastAnswer = _client.Time.GetTimestamp();
                    if (!_pending.TryGetValue(answer.ID, out pending) || pending.Stream != stream)
                        continue;
                    _pending.Remove(answer.ID);
                    ArmTimer();
                }
                _client.ReportSuccess(stream.Connection);
                _callback(answer.TTL > 0 ? KeepAliveResult.Renewed(answer.ID, answer.TTL, pending.SentAt) : KeepAliveResult.Gone(answer.ID));
            }
        }
        catch (EtcdException fault)
        {
            Break(stream, fault);
        }
        catch (OperationCanceledException)
        {
            stream.Dispose();
        }
    }

    /// <summary>The stream broke, or none could be opened (null).</summary>
    private void Break(GrpcStream? stream, EtcdException fault)
    {
        if (stream is null)
        {
            FailAll(fault.Message);
            return;
        }
        List<long> failed;
        lock (_gate)
        {
            if (_stream != stream)
                return;
            _stream = null;
            failed = RemovePending(pending => pending.Stream == stream);
        }
        _client.Report(stream.Connection, fault, stream.OpenedAt);
        stream.Dispose();
        Fail(failed, fault.Message);
    }

    private void OnDeadline()
    {
        GrpcStream? stream;
        List<long> failed;
        bool isSilent;
        lock (_gate)
        {
            if (_closed.IsCancellationRequested)
                return;
            long now = _client.Time.GetTimestamp();
            long oldest = _pending.Count == 0 ? now : _pending.Values.Min(pending => pending.Since);
            if (_client.Time.GetElapsedTime(oldest, now) < _deadline)
            {
                ArmTimer();
                return;
            }
            stream = _stream;
            _stream = null;
            isSilent = _lastAnswer < oldest;
            failed = RemovePending(pending => (stream is not null && pending.Stream == stream) || _client.Time.GetElapsedTime(pending.Since, now) >= _deadline);
            ArmTimer();
        }
        string reason = $"no answer to a keep-alive within {TransportFault.Text(_deadline)}";
        if (stream is not null)
        {
            if (isSilent)
                _client.ReportSilence(stream.Connection, reason);
            stream.Dispose();
        }
        Fail(failed, stream is null ? $"etcd: {reason}" : $"etcd {stream.Connection.Name}: {reason}");
    }

    private void FailAll(string reason)
    {
        List<long> failed;
        lock (_gate)
        {
            failed = RemovePending(static _ => true);
            _queue.Clear();
        }
        Fail(failed, reason);
    }

    private void Fail(List<long> leases, string reason)
    {
        if (_closed.IsCancellationRequested)
            return;
        foreach (long lease in leases)
            _callback(KeepAliveResult.Failed(lease, reason));
    }

    private List<long> RemovePending(Predicate<Pending> which)
    {
        var removed = new List<long>();
        foreach ((long id, Pending pending) in _pending)
            if (which(pending))
                removed.Add(id);
        foreach (long id in removed)
            _pending.Remove(id);
        if (_pending.Count == 0)
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        return removed;
    }

    /// <summary>To the oldest request's deadline. At rest there is no timer at all.</summary>
    private void ArmTimer()
    {
        if (_pending.Count == 0)
        {
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            return;
        }
        TimeSpan left = _deadline - _client.Time.GetElapsedTime(_pending.Values.Min(static pending => pending.Since));
        _timer.Change(left > TimeSpan.Zero ? left : TimeSpan.Zero, Timeout.InfiniteTimeSpan);
    }

    private sealed class Pending(long since)
    {
        /// <summary>Timestamp of Send.</summary>
        public long Since { get; } = since;

        /// <summary>The owner's milliseconds, just before the frame was written.</summary>
        public long SentAt { get; set; }

        /// <summary>The stream it was written to; null while it waits.</summary>
        public GrpcStream? Stream { get; set; }
    }
}
