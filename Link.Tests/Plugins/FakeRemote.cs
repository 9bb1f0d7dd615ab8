using System.Threading.Channels;
using Link.Core.Plugins;

namespace Link.Tests.Plugins;

/// <summary>An output outside this host that does as the test says.</summary>
internal sealed class FakeRemote : IRemoteOutput
{
    private readonly Channel<RemoteCall> _calls = Channel.CreateUnbounded<RemoteCall>();
    private int _underWay;
    private int _count;
    private int _most;

    public TimeSpan Deadline { get; set; } = TimeSpan.FromMinutes(1);

    public TimeSpan? RefreshInterval { get; set; }

    public bool HangsUntilCancelled { get; set; }

    public ChannelReader<RemoteCall> Calls => _calls.Reader;

    public int Count => Volatile.Read(ref _count);

    public int UnderWay => Volatile.Read(ref _underWay);

    /// <summary>The most calls that ever were under way at once.</summary>
    public int Most => Volatile.Read(ref _most);

    public Task ActivateAsync(OutputCall call, CancellationToken cancel) => CallAsync(CallKind.Activate, call, cancel);

    public Task EnsureAsync(OutputCall call, CancellationToken cancel) => CallAsync(CallKind.Ensure, call, cancel);

    public Task DeactivateAsync(OutputCall call, CancellationToken cancel) => CallAsync(CallKind.Deactivate, call, cancel);

    private async Task CallAsync(CallKind kind, OutputCall call, CancellationToken cancel)
    {
        int now = Interlocked.Increment(ref _underWay);
        Interlocked.Increment(ref _count);
        for (int most = Most; now > most; most = Most)
            Interlocked.CompareExchange(ref _most, now, most);
        try
        {
            if (HangsUntilCancelled)
                await Task.Delay(Timeout.Infinite, cancel);
            var made = new RemoteCall(kind, call, cancel);
            await _calls.Writer.WriteAsync(made, CancellationToken.None);
            await made.End;
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }
}
