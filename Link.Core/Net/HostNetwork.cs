using Link.Core.Net.Linux;

namespace Link.Core.Net;

/// <summary>
/// The host's network, for the agent's event loop: addresses, announcements, conflicts, questions to the LAN. Created and called
/// on the loop's thread only; nothing here waits, starts a task or sets a timer. The loop polls <see cref="Descriptors"/>, calls
/// <see cref="Dispatch"/> for those that are readable, <see cref="Tick"/> at <see cref="NextDueMs"/>, and <see cref="Flush"/>
/// at the end of each turn. All times are CLOCK_BOOTTIME milliseconds (<see cref="BootClock"/>).
/// </summary>
internal sealed class HostNetwork : INetworkNotices, IDisposable
{
    private readonly INetworkEvents _events;
    private readonly RtNetlink _kernel;
    private readonly NetworkMonitor _monitor;
    private readonly HeldAddresses _addresses;
    private readonly PacketFrames _frames;
    private readonly Announcer _announcer;
    private readonly LanWatch _watch;
    private readonly LanListener _listener;
    private readonly LanQuestions _questions;
    private long _now;

    /// <summary>Opens the sockets and reads the list of interfaces.</summary>
    /// <param name="random">For the jitter of announcements.</param>
    /// <exception cref="KernelException">CAP_NET_ADMIN or CAP_NET_RAW is missing; the text says so.</exception>
    public HostNetwork(AnnounceOptions options, INetworkEvents events, Random random)
    {
        _events = events;
        List<IDisposable> opened = [];
        try
        {
            opened.Add(_kernel = new RtNetlink());
            _kernel.RequireRights();
            // The monitor before the list: what happens in between is then told.
            opened.Add(_monitor = new NetworkMonitor(Links, this));
            opened.Add(_frames = new PacketFrames());
            _watch = new LanWatch(Links);
            opened.Add(_listener = new LanListener(_watch, Heard));
            _questions = new LanQuestions(Links, _watch, _frames, new MulticastGroups());
            _announcer = new Announcer(options, Links, _frames, random);
            _addresses = new HeldAddresses(_kernel, Links, events) { Present = OnPresent, Absent = OnAbsent, Gone = OnGone };
            foreach (var link in _kernel.DumpLinks())
                Links.Set(link, out _);
        }
        catch
        {
            opened.ForEach(static o => o.Dispose());
            throw;
        }

        Descriptors = [_monitor.Fd, _listener.ArpFd, _listener.NeighbourFd];
    }

    /// <summary>The file descriptors to poll for input.</summary>
    public IReadOnlyList<int> Descriptors { get; }

    public LinkTable Links { get; } = new();

    public HeldAddresses Addresses => _addresses;

    public Announcer Announcer => _announcer;

    /// <summary>Packets heard, by what became of them; indexed by <see cref="IgnoredBecause"/>.</summary>
    public IReadOnlyList<long> PacketCounts => _listener.Counts;

    /// <summary>How often the kernel's notices overflowed and everything was read again; for the metrics.</summary>
    public int TimesNoticesLost { get; private set; }

    /// <summary>When <see cref="Tick"/> has something to do; null = never.</summary>
    public long? NextDueMs => Earliest(_announcer.NextDueMs, Earliest(_questions.NextDueMs, _addresses.NextDueMs));

    /// <inheritdoc cref="HeldAddresses.Hold"/>
    public void Hold(VirtualAddress address, string interfaceName, int? lifetimeSeconds, long nowMs)
    {
        _now = nowMs;
        _addresses.Hold(address, interfaceName, lifetimeSeconds, nowMs);
        _watch.Add(address.Host, interfaceName, WatchReasons.Held);
    }

    /// <inheritdoc cref="HeldAddresses.Extend"/>
    public bool Extend(HostAddress address, int? lifetimeSeconds, long nowMs) => _addresses.Extend(address, lifetimeSeconds, nowMs);

    /// <inheritdoc cref="HeldAddresses.Release"/>
    public void Release(HostAddress address) => _addresses.Release(address);

    /// <summary>Stops announcing an address that is still held: another host is taking it over.</summary>
    public void Silence(HostAddress address) => _announcer.Silence(address);

    /// <summary>Announces a held address again, after a doubt or after <see cref="Silence"/>. At most once a second for each address.</summary>
    public void AnnounceAgain(HostAddress address, long nowMs)
    {
        if (_addresses.Find(address) is { State: not HeldState.Missing } held)
            OnPresent(held, isNew: false, nowMs);
    }

    /// <summary>Announces everything again: after a suspend, or when a partition has healed.</summary>
    public void AnnounceAllAgain(long nowMs)
    {
        foreach (var link in Links.All)
            _announcer.AnnounceAllAgain(link.Name, nowMs);
    }

    /// <summary>Listens for others that use an address which we do not hold.</summary>
    public void Watch(HostAddress address, string interfaceName) => _watch.Add(address, interfaceName, WatchReasons.Standby);

    public void Unwatch(HostAddress address) => _watch.Remove(address, WatchReasons.Standby);

    /// <inheritdoc cref="LanQuestions.Ask"/>
    public void Ask(HostAddress address, string interfaceName, long nowMs, Action<LanAnswer> answer)
        => _questions.Ask(address, interfaceName, nowMs, answer);

    /// <inheritdoc cref="LanQuestions.Cancel"/>
    public void CancelQuestion(HostAddress address) => _questions.Cancel(address);

    /// <summary>Why an interface cannot serve an address (<c>eth0 has no carrier</c>), or null if it can.</summary>
    public string? Fault(string interfaceName) => Links.Fault(interfaceName);

    /// <inheritdoc cref="HeldAddresses.Leftovers"/>
    public IReadOnlyList<(VirtualAddress Address, string InterfaceName)> Leftovers() => _addresses.Leftovers();

    /// <inheritdoc cref="HeldAddresses.RemoveLeftovers"/>
    public int RemoveLeftovers(IReadOnlySet<VirtualAddress>? keep = null) => _addresses.RemoveLeftovers(keep);

    /// <inheritdoc cref="HeldAddresses.AdoptUnmarked"/>
    public IReadOnlyList<VirtualAddress> AdoptUnmarked(IReadOnlyList<(VirtualAddress Address, string InterfaceName)> addresses, int lifetimeSeconds)
        => _addresses.AdoptUnmarked(addresses, lifetimeSeconds);

    /// <summary>Call when one of <see cref="Descriptors"/> is readable.</summary>
    public void Dispatch(int descriptor, long nowMs)
    {
        _now = nowMs;
        if (descriptor == _monitor.Fd)
        {
            _monitor.Dispatch(nowMs);
            // Restores at once what others removed.
            Flush(nowMs);
        }
        else if (descriptor == _listener.ArpFd)
        {
            _listener.DispatchArp(nowMs);
        }
        else if (descriptor == _listener.NeighbourFd)
        {
            _listener.DispatchNeighbours(nowMs);
        }
    }

    /// <summary>Does what is due.</summary>
    public void Tick(long nowMs)
    {
        _now = nowMs;
        _addresses.Tick(nowMs);
        _announcer.Tick(nowMs);
        _questions.Tick(nowMs);
    }

    /// <summary>Carries out Hold, Extend, Release and Ask, many with one system call, and sends the first announcements and probes.</summary>
    public void Flush(long nowMs)
    {
        _now = nowMs;
        _addresses.Flush(nowMs);
        if (_announcer.NextDueMs <= nowMs)
            _announcer.Tick(nowMs);
        // The filter has to be open before the first probe leaves.
        _listener.Follow();
        if (_questions.NextDueMs <= nowMs)
            _questions.Tick(nowMs);
    }

    public void Dispose()
    {
        _questions.Dispose();
        _listener.Dispose();
        _frames.Dispose();
        _monitor.Dispose();
        _kernel.Dispose();
    }

    void INetworkNotices.LinkSeen(NetworkLink link, long nowMs)
    {
        var change = Links.Set(link, out _);
        if (change == LinkChange.None)
            return;
        _addresses.LinkSeen(link, change);
        if ((change & ~(LinkChange.Down | LinkChange.CarrierLost)) != 0)
            _announcer.AnnounceAllAgain(link.Name, nowMs);
        _events.LinkChanged(link, change);
    }

    void INetworkNotices.LinkDeleted(int index, long nowMs)
    {
        if (Links.Remove(index) is not { } link)
            return;
        _addresses.LinkDeleted(index);
        _events.LinkChanged(link, LinkChange.Deleted);
    }

    void INetworkNotices.AddressAdded(AddressRecord address, uint causedBy, long nowMs) => _addresses.AddressAdded(address, causedBy);

    void INetworkNotices.AddressRemoved(AddressRecord address, uint causedBy, long nowMs) => _addresses.AddressRemoved(address, nowMs);

    void INetworkNotices.NoticesLost(long nowMs)
    {
        TimesNoticesLost++;
        var links = _kernel.DumpLinks();
        foreach (var link in Links.All.ToList())
        {
            if (!links.Exists(l => l.Index == link.Index))
                ((INetworkNotices)this).LinkDeleted(link.Index, nowMs);
        }

        foreach (var link in links)
            ((INetworkNotices)this).LinkSeen(link, nowMs);
        _addresses.CheckAll();
    }

    private static long? Earliest(long? a, long? b) => a is null ? b : b is null ? a : Math.Min(a.Value, b.Value);

    private void OnPresent(HeldAddress held, bool isNew) => OnPresent(held, isNew, _now);

    private void OnPresent(HeldAddress held, bool isNew, long nowMs)
    {
        if (!isNew && _announcer.Announces(held.Address.Host))
        {
            _announcer.AnnounceAgain(held.Address.Host, nowMs);
            return;
        }

        _announcer.Start(held.Address.Host, held.InterfaceName, nowMs);
        // The first frame leaves before anybody else hears of it.
        _announcer.Tick(nowMs);
    }

    private void OnAbsent(HeldAddress held) => _announcer.Silence(held.Address.Host);

    private void OnGone(HeldAddress held)
    {
        _announcer.Silence(held.Address.Host);
        _watch.Remove(held.Address.Host, WatchReasons.Held);
    }

    private void Heard(Sighting sighting, long nowMs)
    {
        _questions.Heard(sighting);
        if (_watch.Tell(sighting, nowMs) != IgnoredBecause.None)
            return;
        if (sighting.IsProbe)
            _events.ProbeHeard(sighting.Address, sighting.Mac);
        else
            _events.RivalHeard(sighting.Address, sighting.Mac);
    }
}
