using System.Buffers.Binary;
using System.Net;

namespace Link.Tests.Bed;

/// <summary>ARP and neighbour advertisements: what the bed hears of the agents, and what a test says by hand.</summary>
internal static class NeighbourPacket
{
    private const byte NeighbourAdvertisement = 136;

    /// <param name="packet">From behind the Ethernet header on.</param>
    internal static bool TryRead(ushort protocol, ReadOnlySpan<byte> packet, ReadOnlySpan<byte> target, MacAddress sender, long at, out Sighting sighting)
    {
        sighting = default;
        if (protocol == LibC.ETH_P_ARP && packet.Length >= 28 && packet.Slice(14, 4).SequenceEqual(target))
        {
            var gratuitous = packet.Slice(24, 4).SequenceEqual(target);
            sighting = new Sighting(at, packet[7] == 1 ? "request" : "reply", MacAddress.Read(packet[8..]), gratuitous);
            return true;
        }
        if (protocol == LibC.ETH_P_IPV6 && packet.Length >= 64 && packet[6] == LibC.IPPROTO_ICMPV6 && packet[40] == NeighbourAdvertisement
            && packet.Slice(48, 16).SequenceEqual(target))
        {
            // The S flag marks the answer to a question.
            sighting = new Sighting(at, "advertisement", sender, (packet[44] & 0x40) == 0);
            return true;
        }
        return false;
    }

    /// <summary>A whole frame: ARP request by <paramref name="mac"/> for its own address, to everybody.</summary>
    internal static byte[] GratuitousArp(IPAddress address, MacAddress mac)
    {
        var frame = new byte[42];
        WriteEthernet(frame, MacAddress.Broadcast, mac, LibC.ETH_P_ARP);
        new byte[] { 0, 1, 8, 0, 6, 4, 0, 1 }.CopyTo(frame, 14);
        mac.Write(frame.AsSpan(22));
        address.GetAddressBytes().CopyTo(frame, 28);
        address.GetAddressBytes().CopyTo(frame, 38);
        return frame;
    }

    /// <summary>A whole frame: unsolicited neighbour advertisement with the override flag, to all nodes.</summary>
    internal static byte[] UnsolicitedAdvertisement(IPAddress address, MacAddress mac)
    {
        var frame = new byte[14 + 40 + 32];
        WriteEthernet(frame, new MacAddress(0x3333_0000_0001), mac, LibC.ETH_P_IPV6);
        var ip = frame.AsSpan(14);
        ip[0] = 0x60;
        ip[5] = 32;
        ip[6] = LibC.IPPROTO_ICMPV6;
        ip[7] = 255;
        address.GetAddressBytes().CopyTo(ip[8..]);
        IPAddress.Parse("ff02::1").GetAddressBytes().CopyTo(ip[24..]);
        var icmp = ip[40..];
        icmp[0] = NeighbourAdvertisement;
        icmp[4] = 0x20;
        address.GetAddressBytes().CopyTo(icmp[8..]);
        icmp[24] = 2;
        icmp[25] = 1;
        mac.Write(icmp[26..]);
        var sum = 32u + LibC.IPPROTO_ICMPV6; // The pseudo header: both addresses, length, next header.
        for (var i = 8; i < 72; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(ip[i..]);
        while (sum > 0xffff)
            sum = (sum & 0xffff) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(icmp[2..], (ushort)~sum);
        return frame;
    }

    private static void WriteEthernet(Span<byte> frame, MacAddress to, MacAddress from, ushort protocol)
    {
        to.Write(frame);
        from.Write(frame[6..]);
        BinaryPrimitives.WriteUInt16BigEndian(frame[12..], protocol);
    }
}
