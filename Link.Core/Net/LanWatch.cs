using Link.Core.Net.Linux;
using static Link.Core.Net.Linux.IfArp;
using static Link.Core.Net.Linux.IfPacket;

namespace Link.Core.Net;

/// <summary>Which addresses we listen for and where, and what a packet therefore means to us.</summary>
internal sealed class LanWatch(LinkTable links)
{
    /// <summary>The same kind of news about an address is told once in so many milliseconds, however many packets say it.</summary>
    public const int RepeatMs = 250;

    private readonly Dictionary<HostAddress, Watched> _watched = [];

    public List<HostAddress> IPv4Addresses => new List<HostAddress>(_watched.Keys).FindAll(static a => !a.IsIPv6);

    public int IPv6Count { get; private set; }

    public int IPv4Count => _watched.Count - IPv6Count;

    /// <summary>Rises when an address comes or goes: then the filter has to follow.</summary>
    public int Version { get; private set; }

    /// <summary>Listens for an address, for one more reason.</summary>
    public void Add(HostAddress address, string interfaceName, WatchReasons reason)
    {
        if (!_watched.TryGetValue(address, out var watched))
        {
            _watched.Add(address, watched = new Watched());
            IPv6Count += address.IsIPv6 ? 1 : 0;
            Version++;
        }

        watched.InterfaceName = interfaceName;
        watched.Reasons |= reason;
    }

    /// <summary>Takes one reason away, and with the last one the address.</summary>
    public void Remove(HostAddress address, WatchReasons reason)
    {
        if (!_watched.TryGetValue(address, out var watched))
            return;
        watched.Reasons &= ~reason;
        if (watched.Reasons != WatchReasons.None)
            return;
        _watched.Remove(address);
        IPv6Count -= address.IsIPv6 ? 1 : 0;
        Version++;
    }

    /// <summary>What the packet means, or why it means nothing.</summary>
    public Sighting Decide(ushort etherType, ReadOnlySpan<byte> data, PacketOrigin origin)
    {
        if (origin.PacketType == PACKET_OUTGOING)
            return new Sighting(IgnoredBecause.Outgoing, default, default, false);
        if (origin.PacketType is not (PACKET_HOST or PACKET_BROADCAST or PACKET_MULTICAST))
            return new Sighting(IgnoredBecause.OtherHost, default, default, false);
        // No machine sends as a group; a source of zero is an interface without hardware addresses of six bytes.
        if (origin.Source.IsGroup)
            return new Sighting(IgnoredBecause.NoSender, default, default, false);
        var sighting = etherType == ETH_P_ARP ? Sighting.OfArp(data) : Sighting.OfNeighbour(data, origin.Source);
        if (sighting.Ignored != IgnoredBecause.None)
            return sighting;
        if (!_watched.TryGetValue(sighting.Address, out var watched))
            return sighting with { Ignored = IgnoredBecause.NotWatched };
        if (links.Find(watched.InterfaceName)?.Index != origin.InterfaceIndex)
            return sighting with { Ignored = IgnoredBecause.OtherInterface };
        return links.IsOwn(sighting.Mac) || links.IsOwn(origin.Source)
            ? sighting with { Ignored = IgnoredBecause.OwnHardware }
            : sighting;
    }

    /// <summary>Whether the agent is to be told, or was told the same a moment ago. Remembers that it was.</summary>
    public IgnoredBecause Tell(Sighting sighting, long nowMs)
    {
        if (!_watched.TryGetValue(sighting.Address, out var watched))
            return IgnoredBecause.NotWatched;
        if (sighting.IsProbe)
        {
            watched.ProbeMac = sighting.Mac;
            watched.ProbeAtMs = nowMs;
        }

        if ((watched.Reasons & (WatchReasons.Held | WatchReasons.Standby)) == 0)
            return IgnoredBecause.NotWatched;
        ref var toldAtMs = ref sighting.IsProbe ? ref watched.ProbeToldAtMs : ref watched.RivalToldAtMs;
        if (toldAtMs is { } told && nowMs - told < RepeatMs)
            return IgnoredBecause.Repeated;
        toldAtMs = nowMs;
        return IgnoredBecause.None;
    }

    /// <summary>Who else asked for the address since a moment, or null.</summary>
    public MacAddress? ProbedSince(HostAddress address, long sinceMs)
        => _watched.TryGetValue(address, out var watched) && watched.ProbeAtMs >= sinceMs ? watched.ProbeMac : null;

    private sealed class Watched
    {
        public long? RivalToldAtMs;
        public long? ProbeToldAtMs;

        public string InterfaceName { get; set; } = "";

        public WatchReasons Reasons { get; set; }

        public MacAddress ProbeMac { get; set; }

        public long ProbeAtMs { get; set; } = long.MinValue;
    }
}
