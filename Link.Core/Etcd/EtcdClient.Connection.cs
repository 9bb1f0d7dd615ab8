namespace Link.Core.Etcd;

internal sealed partial class EtcdClient
{
    private static readonly TimeSpan ShortestBackoff = TimeSpan.FromMilliseconds(25);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(1);

    private EtcdConnection? _connection;
    private int _index;

    /// <summary>Failures in a row, over all members.</summary>
    private int _failures;

    /// <summary>Timestamp before which no connection is used, after all members failed.</summary>
    private long _notBefore;

    private string _lastFault = "";

    /// <summary>Gives up the connection and turns to the next member. Everything that runs on it fails at once with the reason.</summary>
    public void Rotate(string reason)
    {
        EtcdConnection? connection;
        lock (_gate)
            connection = _connection;
        Drop(connection, reason, advance: true);
    }

    /// <summary>As <see cref="Rotate"/>, and connects to the next member (or one after it), with the deadline of a request.</summary>
    public async Task RotateAsync(string reason, CancellationToken cancel = default)
    {
        Rotate(reason);
        await StatusAsync(cancel: cancel).ConfigureAwait(false);
    }

    /// <summary>Reads changed certificate files and reconnects with them. Null, or what is wrong with which file; the old ones then stay in use.</summary>
    public string? ReloadCertificates()
    {
        if (_tls.Refresh() is { } fault)
            return fault;
        EtcdConnection? connection;
        lock (_gate)
            connection = _connection;
        if (connection is not null)
            Drop(connection, "certificates were read again", advance: false);
        return null;
    }

    /// <summary>A stream or call on that connection, begun at that timestamp, failed: decides what this says about the member.</summary>
    internal void Report(EtcdConnection connection, EtcdException fault, long since)
    {
        if (IsTokenFault(fault))
        {
            ForgetToken(since);
            return;
        }
        if (!fault.IsTransient || fault.IsLeaderChange)
            return;
        // A member that answers is kept if there is no other.
        if (fault.IsAnswer && _endpoints.Length == 1)
            Defer(connection, fault.Reason);
        else
            Drop(connection, fault.Reason, advance: true, failed: true);
    }

    /// <summary>A silent member: its connection is given up.</summary>
    internal void ReportSilence(EtcdConnection connection, string reason) => Drop(connection, reason, advance: true, failed: true);

    /// <summary>The member answered: the next failure counts from zero.</summary>
    internal void ReportSuccess(EtcdConnection connection)
    {
        if (Volatile.Read(ref _failures) == 0)
            return;
        lock (_gate)
        {
            if (_connection != connection)
                return;
            _failures = 0;
            _notBefore = 0;
        }
    }

    /// <summary>The connection in use, or a new one; waits while all members are being spared.</summary>
    /// <exception cref="EtcdException">No connection may be tried within <paramref name="left"/>; or a certificate file cannot be used.</exception>
    private async ValueTask<EtcdConnection> ConnectionAsync(TimeSpan left, EtcdException? last, CancellationToken cancel)
    {
        TimeSpan wait;
        string fault;
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed.IsCancellationRequested, this);
            wait = _notBefore == 0 ? TimeSpan.Zero : Time.GetElapsedTime(Time.GetTimestamp(), _notBefore);
            fault = _lastFault;
        }
        if (wait >= left)
            throw last ?? new EtcdException(EtcdFailure.Unavailable, EtcdOptions.NameOf(CurrentEndpoint), fault);
        if (wait > TimeSpan.Zero)
            await Task.Delay(wait, Time, cancel).ConfigureAwait(false);
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_closed.IsCancellationRequested, this);
            if (_connection is null)
            {
                try
                {
                    _connection = new EtcdConnection(_endpoints[_index], _tls, _options.ConnectTimeout, Time);
                }
                catch (EtcdException certificate)
                {
                    CountFailure(certificate.Reason);
                    throw;
                }
            }
            return _connection;
        }
    }

    /// <summary>Closes the connection if it still is the one in use; of many failures at once only the first counts.</summary>
    private void Drop(EtcdConnection? connection, string reason, bool advance, bool failed = false)
    {
        string from;
        string to;
        lock (_gate)
        {
            if (_connection != connection || _closed.IsCancellationRequested)
                return;
            _connection = null;
            from = EtcdOptions.NameOf(_endpoints[_index]);
            if (advance)
                _index = (_index + 1) % _endpoints.Length;
            to = EtcdOptions.NameOf(_endpoints[_index]);
            if (failed)
                CountFailure(reason);
        }
        connection?.Close(reason);
        EndpointChanged?.Invoke(new EndpointChange(from, to, reason));
    }

    private void Defer(EtcdConnection connection, string reason)
    {
        lock (_gate)
            if (_connection == connection)
                CountFailure(reason);
    }

    private void CountFailure(string reason)
    {
        _failures++;
        _lastFault = reason;
        int rounds = _failures - _endpoints.Length;
        if (rounds < 0)
            return;
        _notBefore = Time.GetTimestamp() + (long)(Backoff(rounds).TotalSeconds * Time.TimestampFrequency);
    }

    /// <summary>25 ms, doubled each time up to 1 s, of which a random half is taken off.</summary>
    internal TimeSpan Backoff(int attempt)
    {
        TimeSpan full = ShortestBackoff * (1 << Math.Min(attempt, 6));
        if (full > LongestBackoff)
            full = LongestBackoff;
        lock (_random)
            return full * (0.5 + _random.NextDouble() / 2);
    }
}
