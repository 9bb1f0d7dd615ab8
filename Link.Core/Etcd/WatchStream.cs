namespace Link.Core.Etcd;

/// <summary>
/// Many watches on one stream, kept up through failures. After a break each watch goes on behind the last revision that it saw, at
/// another member if need be, so that no event is lost or told twice; where that cannot be (history compacted, or another or reset
/// cluster) all start from now and <see cref="WatchMessage.Started"/> is told again. The callback runs on any thread, one call at a
/// time, must be quick, must not throw, and must not dispose the stream.
/// </summary>
internal sealed partial class WatchStream : IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly EtcdClient _client;
    private readonly Watched[] _watches;
    private readonly Action<WatchMessage> _callback;
    private readonly CancellationTokenSource _closed = new();
    private readonly Task _running;
    private GrpcStream? _stream;

    /// <summary>Opens the stream in the background.</summary>
    public WatchStream(EtcdClient client, IReadOnlyList<WatchKey> keys, Action<WatchMessage> callback)
    {
        if (keys.Count == 0)
            throw new ArgumentException("nothing to watch", nameof(keys));
        _client = client;
        _watches = [.. keys.Select(static key => new Watched(key))];
        _callback = callback;
        _running = Task.Run(RunAsync);
    }

    /// <summary>
    /// Asks for a sign of life. If nothing comes within a request's deadline, the client turns to another member. Returns at once.
    /// </summary>
    public void RequestProgress()
    {
        GrpcStream? stream;
        lock (_gate)
        {
            if (_stream is null || _isProbing)
                return;
            stream = _stream;
            _isProbing = true;
        }
        _ = ProbeAsync(stream);
    }

    public async ValueTask DisposeAsync()
    {
        if (_closed.IsCancellationRequested)
            return;
        await _closed.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
    }

    /// <summary>One watch: what it looks at, and where it goes on.</summary>
    private sealed class Watched(WatchKey key)
    {
        public WatchKey Key { get; } = key;

        /// <summary>The first revision not seen yet.</summary>
        public long Next { get; set; }

        /// <summary>Given by the server, for each stream anew.</summary>
        public long Id { get; set; } = -1;

        /// <summary>The parts so far of an answer that the server splits.</summary>
        public List<Event> Fragments { get; } = [];

        public long FragmentBytes { get; set; }

        public void ForgetFragments()
        {
            Fragments.Clear();
            FragmentBytes = 0;
        }
    }
}
