using Link.Core.Net.Linux;
using static Link.Core.Net.Linux.IfArp;

namespace Link.Core.Net;

/// <summary>Hears ARP and neighbour discovery on all interfaces. The kernel drops what the watch does not ask for.</summary>
internal sealed class LanListener : IDisposable
{
    // A dispatch ends after so many packets, so that a flood leaves the loop its turn; what does not fit the buffer is lost.
    private const int MaxPackets = 256;
    private const int ReceiveBuffer = 256 << 10;

    private readonly LanWatch _watch;
    private readonly Action<Sighting, long> _heard;
    private readonly PacketSocket _arp;
    private readonly PacketSocket _neighbours;
    private readonly byte[] _buffer = new byte[256];
    private int _version;
    private bool _hearsNeighbours;

    /// <param name="heard">Takes each sighting that is not ignored, and the time.</param>
    /// <exception cref="KernelException">CAP_NET_RAW is missing.</exception>
    public LanListener(LanWatch watch, Action<Sighting, long> heard)
    {
        _watch = watch;
        _heard = heard;
        _arp = PacketSocket.Listen(ETH_P_ARP, LanFilter.Arp([]), ReceiveBuffer);
        try
        {
            _neighbours = PacketSocket.Listen(ETH_P_IPV6, LanFilter.Neighbours(any: false), ReceiveBuffer);
        }
        catch
        {
            _arp.Dispose();
            throw;
        }

        _version = watch.Version;
    }

    public int ArpFd => _arp.Fd;

    public int NeighbourFd => _neighbours.Fd;

    /// <summary>How many packets came through the filter, by what became of them; for the metrics.</summary>
    public long[] Counts { get; } = new long[Enum.GetValues<IgnoredBecause>().Length];

    /// <summary>Lets the kernel's filter follow the watch. Cheap if nothing changed.</summary>
    /// <exception cref="KernelException">There is no memory for the filter.</exception>
    public void Follow()
    {
        if (_version == _watch.Version)
            return;
        _version = _watch.Version;
        _arp.Attach(LanFilter.Arp(_watch.IPv4Count <= LanFilter.MaxAddresses ? [.. _watch.IPv4Addresses] : null));
        var hears = _watch.IPv6Count > 0;
        if (hears != _hearsNeighbours)
            _neighbours.Attach(LanFilter.Neighbours(hears));
        _hearsNeighbours = hears;
    }

    /// <summary>Call when <see cref="ArpFd"/> is readable.</summary>
    public void DispatchArp(long nowMs) => Dispatch(_arp, ETH_P_ARP, nowMs);

    /// <summary>Call when <see cref="NeighbourFd"/> is readable.</summary>
    public void DispatchNeighbours(long nowMs) => Dispatch(_neighbours, ETH_P_IPV6, nowMs);

    public void Dispose()
    {
        _arp.Dispose();
        _neighbours.Dispose();
    }

    private void Dispatch(PacketSocket socket, ushort etherType, long nowMs)
    {
        for (var i = 0; i < MaxPackets && socket.TryReceive(_buffer, out var length, out var origin); i++)
        {
            var sighting = _watch.Decide(etherType, _buffer.AsSpan(0, length), origin);
            Counts[(int)sighting.Ignored]++;
            if (sighting.Ignored == IgnoredBecause.None)
                _heard(sighting, nowMs);
        }
    }
}
