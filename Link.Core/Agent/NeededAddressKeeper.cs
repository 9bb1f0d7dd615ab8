using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Link.Core.Etcd;
using Link.Core.Logging;
using Link.Core.Net;
using Link.Core.Net.Linux;

namespace Link.Core.Agent;

/// <summary>
/// Keeps <see cref="NeededAddresses"/> up to date: reads the kernel when routes change, at most once a second, looks at resolv.conf and at etcd's names now
/// and then, and is told by the watch what other agents say. Reading runs off the loop; all else is the loop's.
/// </summary>
internal sealed class NeededAddressKeeper : IDisposable
{
    private const long LookMs = 15_000;
    private const long ResolveMs = 60_000;
    private const long SettleMs = 100;
    private const long MinIntervalMs = 1_000;

    /// <summary>A reading takes a twentieth of the time at most, however many routes there are.</summary>
    private const long RestFactor = 20;

    /// <summary>A gateway whose route is gone stays needed for so long: an interface that goes down and up loses its routes for a moment.</summary>
    private const long GatewayGraceMs = 60_000;
    private const int MaxPeers = 10_000;
    private static readonly TimeSpan ResolveDeadline = TimeSpan.FromSeconds(2);

    private readonly IReadOnlyList<Uri> _members;
    private readonly IReadOnlySet<HostAddress> _except;
    private readonly Func<(IPAddress Local, IPAddress Remote)?> _connection;
    private readonly EventLoop _loop;
    private readonly Log _log;
    private readonly Action<NeededAddresses> _changed;
    private readonly NameResolver _names = new();
    private readonly RouteNotices _notices = new();
    private readonly ResolvConf _resolvConf = new();
    private readonly Dictionary<string, IReadOnlyList<HostAddress>> _peers = new(StringComparer.Ordinal);
    private readonly Dictionary<NextHop, long> _hopsSeenMs = [];

    // Of the reading under way: one at a time.
    private readonly ConcurrentDictionary<string, IPAddress[]> _resolved = new(StringComparer.Ordinal);
    private long _resolvedAtMs = long.MinValue / 2;
    private NeedSources _read = new();
    private Task? _reading;
    private long _readAtMs = long.MinValue / 2;
    private long _nextReadMs = long.MinValue / 2;
    private long _dirtyAtMs = long.MaxValue;
    private long _nextLookMs;
    private bool _isWatching;
    private bool _told;

    /// <param name="members">URLs of etcd's members.</param>
    /// <param name="except">PROTECTED_ADDRESSES_EXCEPT.</param>
    /// <param name="connection">Both ends of the connection to etcd, if there is one; for any thread.</param>
    /// <param name="changed">Called on the loop.</param>
    /// <exception cref="KernelException">There is no netlink here.</exception>
    public NeededAddressKeeper(
        IReadOnlyList<Uri> members, IReadOnlySet<HostAddress> except, Func<(IPAddress Local, IPAddress Remote)?> connection, EventLoop loop, Log log, Action<NeededAddresses> changed)
    {
        (_members, _except, _connection, _loop, _log, _changed) = (members, except, connection, loop, log, changed);
        Watch();
    }

    public NeededAddresses Current { get; private set; } = NeededAddresses.None;

    /// <summary>When <see cref="Tick"/> has something to do that cannot wait for a renewal of the lease.</summary>
    public long NextDueMs => _reading == null && _dirtyAtMs != long.MaxValue ? Math.Max(_dirtyAtMs, _nextReadMs) : long.MaxValue;

    /// <summary>Reads what is to be known before an endpoint is taken on; a reading of this second will do. From any thread.</summary>
    public async Task RefreshAsync()
    {
        Task reading = await _loop.InvokeAsync(() => BootClock.NowMs - _readAtMs < MinIntervalMs && _reading == null ? Task.CompletedTask : Read()).ConfigureAwait(false);
        await reading.ConfigureAwait(false);
    }

    // ---- on the loop -----------------------------------------------------------------------------

    public void Tick(long now)
    {
        if (now >= NextDueMs)
            _ = Read();
        if (now < _nextLookMs)
            return;
        _nextLookMs = now + LookMs;
        // A gateway's grace may have ended.
        Update();
        if (_reading == null)
            _ = LookAsync();
    }

    /// <summary>What another host's agent says are its own; empty: it says nothing (any more).</summary>
    public void SetPeer(string host, IReadOnlyList<HostAddress> addresses)
    {
        if (addresses.Count == 0 ? _peers.Remove(host) : Replace(host, addresses))
            Update();
    }

    /// <summary>What all other hosts' agents say.</summary>
    public void SetPeers(IEnumerable<(string Host, IReadOnlyList<HostAddress> Addresses)> peers)
    {
        _peers.Clear();
        foreach ((string host, IReadOnlyList<HostAddress> addresses) in peers)
        {
            if (addresses.Count > 0)
                Replace(host, addresses);
        }

        Update();
    }

    public void Dispose() => _notices.Dispose();

    private bool Replace(string host, IReadOnlyList<HostAddress> addresses)
    {
        if (_peers.Count >= MaxPeers && !_peers.ContainsKey(host))
            return false;
        _peers[host] = addresses;
        return true;
    }

    private void Watch()
    {
        if (_isWatching)
            return;
        _isWatching = true;
        _loop.Watch(_notices.Fd, now =>
        {
            // Deaf until the next reading: routes that change all the time must not keep the loop busy.
            _loop.Unwatch(_notices.Fd);
            _isWatching = false;
            _dirtyAtMs = Math.Min(_dirtyAtMs, now + SettleMs);
        });
    }

    private Task Read() => _reading ??= ReadAsync();

    private async Task ReadAsync()
    {
        _notices.Drain();
        Watch();
        _dirtyAtMs = long.MaxValue;
        long start = BootClock.NowMs;
        NeedSources? read = null;
        try
        {
            read = await Task.Run(ReadSourcesAsync).ConfigureAwait(false);
        }
        catch (Exception fault)
        {
            // Whatever it is: what it would have told is less than the elections that go on.
            _log.Warning("what this host needs cannot be read; what was known of it stays", ("reason", fault.Message));
        }

        try
        {
            await _loop.InvokeAsync(() => Take(read, start)).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is OperationCanceledException or TimeoutException)
        {
            // The agent stops, or has so much to do that the next notice has to do.
            _loop.TryPost(() => _reading = null);
        }
    }

    private bool Take(NeedSources? read, long start)
    {
        long now = BootClock.NowMs;
        _reading = null;
        _readAtMs = start;
        _nextReadMs = now + Math.Max(MinIntervalMs, (now - start) * RestFactor);
        if (read != null)
        {
            _read = read;
            foreach (NextHop hop in read.NextHops)
                _hopsSeenMs[hop] = now;
        }

        Update();
        return true;
    }

    private void Update()
    {
        long now = BootClock.NowMs;
        // Those that are there now, and those that were a moment ago.
        foreach ((NextHop hop, long seen) in _hopsSeenMs.ToArray())
        {
            if (seen < _readAtMs && now - seen > GatewayGraceMs)
                _hopsSeenMs.Remove(hop);
        }

        var needed = new NeededAddresses(_read with
        {
            NextHops = _hopsSeenMs.Keys,
            Peers = [.. _peers.SelectMany(static peer => peer.Value.Select(address => (address, peer.Key)))],
            Except = _except,
        });
        if (_told && needed.Says(Current))
            return;
        _told = true;
        Current = needed;
        _changed(needed);
    }

    // ---- off the loop ----------------------------------------------------------------------------

    /// <summary>Whether a file or a name says something else than before; if so, everything is read again.</summary>
    private async Task LookAsync()
    {
        bool changed = await Task.Run(() => _resolvConf.HasChanged || (HasNames && BootClock.NowMs - _resolvedAtMs > ResolveMs)).ConfigureAwait(false);
        if (changed)
            _loop.TryPost(() => _dirtyAtMs = Math.Min(_dirtyAtMs, BootClock.NowMs));
    }

    private bool HasNames => _members.Any(static member => !IPAddress.TryParse(member.DnsSafeHost, out _));

    private async Task<NeedSources> ReadSourcesAsync()
    {
        await ResolveAsync().ConfigureAwait(false);
        (IReadOnlyCollection<NextHop> hops, IReadOnlyList<AddressRecord> addresses) = RouteReader.Read();
        var members = new List<(HostAddress Address, string Member)>();
        foreach (Uri member in _members)
        {
            foreach (IPAddress address in _resolved.GetValueOrDefault(member.DnsSafeHost) ?? [])
                members.Add((ToHost(address), EtcdOptions.NameOf(member)));
        }

        var sources = new List<OwnSource>();
        if (_connection() is { } connection)
        {
            members.Add((ToHost(connection.Remote), "in use"));
            sources.Add(new OwnSource(ToHost(connection.Local), "etcd"));
        }

        foreach (HostAddress member in members.Select(static member => member.Address).Distinct())
            AddSource(member, 0, "etcd");
        foreach (NextHop hop in hops.Where(static hop => hop.IsDefault))
            AddSource(hop.Address, hop.InterfaceIndex, "its default gateway");
        foreach (HostAddress source in hops.Select(static hop => hop.Source).OfType<HostAddress>().Distinct())
            sources.Add(new OwnSource(source, "its gateway"));
        return new NeedSources { EtcdMembers = members, NextHops = hops, NameServers = _resolvConf.Read(), Addresses = addresses, Sources = sources };

        void AddSource(HostAddress destination, int interfaceIndex, string purpose)
        {
            if (SourceAddress.Towards(destination, interfaceIndex) is { } source)
                sources.Add(new OwnSource(source, purpose));
        }
    }

    private async Task ResolveAsync()
    {
        if (BootClock.NowMs - _resolvedAtMs < ResolveMs && _members.All(member => _resolved.ContainsKey(member.DnsSafeHost)))
            return;
        _resolvedAtMs = BootClock.NowMs;
        using var deadline = new CancellationTokenSource(ResolveDeadline);
        await Task.WhenAll(_members.Select(static member => member.DnsSafeHost).Distinct().Select(async name =>
        {
            try
            {
                _resolved[name] = await _names.ResolveAsync(name, deadline.Token).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is SocketException or OperationCanceledException)
            {
                // What it was before counts on.
            }
        })).ConfigureAwait(false);
    }

    private static HostAddress ToHost(IPAddress address) => HostAddress.From(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);
}
