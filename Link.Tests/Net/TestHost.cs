using Link.Core.Net;
using Link.Core.Net.Linux;
using Xunit;

namespace Link.Tests.Net;

/// <summary>A <see cref="HostNetwork"/> in the calling thread's namespace, with the loop that an agent would run.</summary>
internal sealed class TestHost : IDisposable
{
    // Far longer than anything takes; a test that meets it has failed.
    private const int DeadlineMs = 60_000;

    private readonly Epoll _epoll = new();
    private readonly EpollReady[] _ready = new EpollReady[16];

    public TestHost(AnnounceOptions? options = null)
    {
        Network = new HostNetwork(options ?? new AnnounceOptions(), Events, new Random(1));
        foreach (var descriptor in Network.Descriptors)
            _epoll.Add(descriptor);
    }

    public HostNetwork Network { get; }

    public Recorder Events { get; } = new();

    public static long Now => BootClock.NowMs;

    /// <summary>Holds an address and tells the kernel at once.</summary>
    public VirtualAddress Hold(string address, string interfaceName = "eth0", int? lifetime = null)
    {
        var parsed = VirtualAddress.Parse(address);
        Network.Hold(parsed, interfaceName, lifetime, Now);
        Network.Flush(Now);
        return parsed;
    }

    public void Release(VirtualAddress address)
    {
        Network.Release(address.Host);
        Network.Flush(Now);
    }

    /// <summary>Runs the loop until something has been told.</summary>
    public void UntilTold(string line) => Until(() => Events.Lines.Contains(line), line);

    /// <summary>Runs the loop until a condition holds.</summary>
    public void Until(Func<bool> condition, string what)
    {
        for (var end = Now + DeadlineMs; !condition(); Turn(10))
            Assert.True(Now < end, $"never came: {what}; told: {string.Join("; ", Events.Lines.Take(50))}");
    }

    /// <summary>One turn of the loop.</summary>
    /// <param name="longestMs">How long it may wait for something to happen.</param>
    public void Turn(int longestMs)
    {
        var wait = Network.NextDueMs is { } due ? (int)Math.Clamp(due - Now, 0, longestMs) : longestMs;
        var count = _epoll.Wait(_ready, wait);
        for (var i = 0; i < count; i++)
            Network.Dispatch(_ready[i].Fd, Now);
        if (Network.NextDueMs <= Now)
            Network.Tick(Now);
        Network.Flush(Now);
    }

    public void Dispose()
    {
        Network.Dispose();
        _epoll.Dispose();
    }
}
