namespace Link.Core.Etcd;

internal sealed partial class WatchStream
{
    /// <summary>Creates all watches within a request's deadline, then tells Started or Resumed, then what they have seen meanwhile.</summary>
    private async Task CreateAllAsync(GrpcStream stream)
    {
        using var deadline = new CancellationTokenSource(_client.RequestTimeout, _client.Time);
        using CancellationTokenRegistration forward = _closed.Token.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), deadline);
        try
        {
            var early = new List<WatchResponse>();
            foreach (Watched watch in _watches)
            {
                watch.Id = -1;
                watch.ForgetFragments();
            }
            // The first one tells the cluster and the revision; the others are asked for all at once. etcd answers in order.
            WatchResponse first = await CreateFirstAsync(stream, early, deadline.Token).ConfigureAwait(false);
            for (int i = 1; i < _watches.Length; i++)
                await stream.WriteAsync(CreateRequest(_watches[i]), deadline.Token).ConfigureAwait(false);
            for (int i = 1; i < _watches.Length; i++)
                _watches[i].Id = (await ReadCreatedAsync(stream, early, deadline.Token).ConfigureAwait(false)).WatchId;

            _client.ReportSuccess(stream.Connection);
            _failures = 0;
            _isWorking = true;
            lock (_gate)
                _stream = stream;
            TellStart(first.Header.Revision);
            foreach (WatchResponse answer in early)
                Handle(stream, answer);
        }
        catch (OperationCanceledException) when (!_closed.IsCancellationRequested)
        {
            throw new EtcdException(
                EtcdFailure.Timeout, stream.Connection.Name, $"no answer to the creation of watches within {TransportFault.Text(_client.RequestTimeout)}");
        }
    }

    private async Task<WatchResponse> CreateFirstAsync(GrpcStream stream, List<WatchResponse> early, CancellationToken cancel)
    {
        if (!_isPinned)
            _watches[0].Next = 0;
        await stream.WriteAsync(CreateRequest(_watches[0]), cancel).ConfigureAwait(false);
        WatchResponse created = await ReadCreatedAsync(stream, early, cancel).ConfigureAwait(false);
        _watches[0].Id = created.WatchId;
        if (_isPinned && !await IsSameHistoryAsync(created.Header, cancel).ConfigureAwait(false))
        {
            _isPinned = false;
            throw new EtcdException(EtcdFailure.Compacted, stream.Connection.Name, "this is another cluster, or its data were reset");
        }
        if (!_isPinned)
        {
            _cluster = created.Header.ClusterId;
            _revision = created.Header.Revision;
            _term = created.Header.RaftTerm;
            foreach (Watched watch in _watches)
                watch.Next = created.Header.Revision + 1;
        }
        return created;
    }

    /// <summary>
    /// A member that was wiped and started again has the same cluster id, but a smaller revision or raft term. One that only lags behind
    /// has that too: a linearizable read tells them apart, since it waits until the member has caught up.
    /// </summary>
    private async Task<bool> IsSameHistoryAsync(ResponseHeader header, CancellationToken cancel)
    {
        if (header.ClusterId != _cluster)
            return false;
        if (IsNotBefore(header))
            return true;
        var request = new RangeRequest { Key = _watches[0].Key.Range.Key, CountOnly = true };
        RangeResponse read = await _client.RangeAsync(request, cancel).ConfigureAwait(false);
        return read.Header.ClusterId == _cluster && IsNotBefore(read.Header);
    }

    private bool IsNotBefore(ResponseHeader header) => header.Revision >= _revision && header.RaftTerm >= _term;

    private void TellStart(long revision)
    {
        bool wasLost = _isLostTold;
        _isLostTold = false;
        if (!_isPinned)
        {
            _isPinned = true;
            _callback(new WatchMessage.Started(revision));
        }
        else if (wasLost)
        {
            _callback(new WatchMessage.Resumed());
        }
    }

    /// <summary>The next "created" answer. Events of watches created before it are put aside.</summary>
    private async Task<WatchResponse> ReadCreatedAsync(GrpcStream stream, List<WatchResponse> early, CancellationToken cancel)
    {
        long bytes = 0;
        for (; ; )
        {
            WatchResponse answer = await ReadAsync(stream, cancel).ConfigureAwait(false);
            // Refused: Handle throws the reason.
            if (answer.Canceled)
                Handle(stream, answer);
            if (answer.Created)
                return answer;
            bytes += answer.CalculateSize();
            if (bytes > GrpcFrame.MaximalMessage)
                throw new EtcdException(EtcdFailure.Unavailable, stream.Connection.Name, "a watch tells much and does not stand yet");
            early.Add(answer);
        }
    }
}
