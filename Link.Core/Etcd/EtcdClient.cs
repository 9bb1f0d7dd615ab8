using System.Net;

namespace Link.Core.Etcd;

/// <summary>
/// A client of an etcd cluster. It holds one connection to one member, tried in random order, and keeps to it until that fails; then
/// everything, streams too, moves on to the next. Safe for use from many threads. Failures are <see cref="EtcdException"/>s.
/// </summary>
internal sealed partial class EtcdClient : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly EtcdOptions _options;
    private readonly Uri[] _endpoints;
    private readonly Random _random;
    private readonly TlsFiles _tls;
    private readonly CancellationTokenSource _closed = new();

    public EtcdClient(EtcdOptions options, TimeProvider? time = null, Random? random = null)
    {
        if (options.Endpoints.Count == 0)
            throw new ArgumentException("no etcd endpoint", nameof(options));
        _options = options;
        Time = time ?? TimeProvider.System;
        _random = random ?? new Random();
        _tls = new TlsFiles(options.CertificateFile, options.KeyFile, options.CaFile);
        _endpoints = [.. options.Endpoints];
        _random.Shuffle(_endpoints);
    }

    /// <summary>Told about each change of the connection, on the thread that caused it: be quick.</summary>
    public event Action<EndpointChange>? EndpointChanged;

    public TimeProvider Time { get; }

    public TimeSpan RequestTimeout => _options.RequestTimeout;

    /// <summary>The member in use or next to be tried.</summary>
    public Uri CurrentEndpoint
    {
        get
        {
            lock (_gate)
                return _endpoints[_index];
        }
    }

    /// <summary>Both ends of the connection in use; null: there is none, or not yet.</summary>
    public (IPAddress Local, IPAddress Remote)? Connection
    {
        get
        {
            lock (_gate)
                return _connection?.Ends;
        }
    }

    public ValueTask DisposeAsync()
    {
        EtcdConnection? connection;
        lock (_gate)
        {
            if (_closed.IsCancellationRequested)
                return ValueTask.CompletedTask;
            connection = _connection;
            _connection = null;
            _closed.Cancel();
        }
        connection?.Dispose();
        return ValueTask.CompletedTask;
    }
}
