using static Link.Core.Net.Linux.IfArp;

namespace Link.Core.Net;

/// <summary>What a packet says about an address: that its sender uses it, or that its sender would like to.</summary>
/// <param name="Ignored">Why it says nothing; then only <paramref name="Address"/> may be set.</param>
/// <param name="IsProbe">The sender asks whether the address is free; otherwise it claims it.</param>
internal readonly record struct Sighting(IgnoredBecause Ignored, HostAddress Address, MacAddress Mac, bool IsProbe)
{
    /// <summary>Reads an ARP packet.</summary>
    public static Sighting OfArp(ReadOnlySpan<byte> data)
    {
        var fault = ArpPacket.TryParse(data, out var packet);
        if (fault != IgnoredBecause.None)
            return Nothing(fault);
        var sender = packet.SenderHardware;
        if (sender.IsZero || sender.IsGroup)
            return Nothing(IgnoredBecause.NoSender);
        if (packet.SenderProtocol.IsGroup || packet.SenderProtocol.IsLoopback)
            return Nothing(IgnoredBecause.NoSender);
        if (!packet.SenderProtocol.IsAny)
            return new Sighting(IgnoredBecause.None, packet.SenderProtocol, sender, IsProbe: false);
        return packet.Operation == ARPOP_REQUEST
            ? new Sighting(IgnoredBecause.None, packet.TargetProtocol, sender, IsProbe: true)
            : Nothing(IgnoredBecause.NoSender);
    }

    /// <summary>Reads an IPv6 packet.</summary>
    /// <param name="frameSource">The frame's sender, which counts where the packet itself names none.</param>
    public static Sighting OfNeighbour(ReadOnlySpan<byte> data, MacAddress frameSource)
    {
        var fault = NeighbourPacket.TryParse(data, out var packet);
        if (fault != IgnoredBecause.None)
            return Nothing(fault);
        var sender = packet.LinkAddress ?? frameSource;
        if (sender.IsZero || sender.IsGroup)
            return Nothing(IgnoredBecause.NoSender);
        if (!packet.IsValid)
            return Nothing(IgnoredBecause.Invalid);
        if (packet.Type == NDISC_NEIGHBOUR_ADVERTISEMENT)
            return new Sighting(IgnoredBecause.None, packet.Target, sender, IsProbe: false);
        return packet.Source.IsAny
            ? new Sighting(IgnoredBecause.None, packet.Target, sender, IsProbe: true)
            // It asks for another's address, and thereby shows which one it uses itself.
            : new Sighting(IgnoredBecause.None, packet.Source, sender, IsProbe: false);
    }

    private static Sighting Nothing(IgnoredBecause reason) => new(reason, default, default, false);
}
