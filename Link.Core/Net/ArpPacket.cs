using System.Buffers.Binary;
using static Link.Core.Net.Linux.IfArp;

namespace Link.Core.Net;

/// <summary>
/// ARP for IPv4 on Ethernet (RFC 826), without the Ethernet header.
/// <code>
///  0      2      4  5  6      8          14         18         24         28
///  | 0x1  | 0x800| 6| 4| op   | sender   | sender   | target   | target   |
///  | hrd  | pro  |hl|pl|      | hardware | protocol | hardware | protocol |
/// </code>
/// </summary>
internal readonly record struct ArpPacket(
    ushort Operation, MacAddress SenderHardware, HostAddress SenderProtocol, MacAddress TargetHardware, HostAddress TargetProtocol)
{
    public const int Size = 28;

    /// <summary>A gratuitous request: the form that RFC 5227 calls an announcement.</summary>
    public static ArpPacket Announcement(MacAddress mac, HostAddress address) => new(ARPOP_REQUEST, mac, address, default, address);

    /// <summary>
    /// A gratuitous reply. The target's hardware address is the sender's: within its lock time of one second Linux takes a reply
    /// for gratuitous only then.
    /// </summary>
    public static ArpPacket AnnouncementReply(MacAddress mac, HostAddress address) => new(ARPOP_REPLY, mac, address, mac, address);

    /// <summary>RFC 5227's question whether anybody uses the address; it changes no neighbour's cache.</summary>
    public static ArpPacket Probe(MacAddress mac, HostAddress address) => new(ARPOP_REQUEST, mac, HostAddress.Any4, default, address);

    /// <summary>Reads a packet; what follows it (padding) is not looked at.</summary>
    /// <returns>None if <paramref name="packet"/> is set, else why it is not ARP for IPv4 on Ethernet.</returns>
    public static IgnoredBecause TryParse(ReadOnlySpan<byte> data, out ArpPacket packet)
    {
        packet = default;
        if (data.Length < Size)
            return IgnoredBecause.Truncated;
        if (BinaryPrimitives.ReadUInt16BigEndian(data) != ARPHRD_ETHER || BinaryPrimitives.ReadUInt16BigEndian(data[2..]) != ETH_P_IP
            || data[4] != MacAddress.Size || data[5] != 4)
            return IgnoredBecause.OtherProtocol;
        var operation = BinaryPrimitives.ReadUInt16BigEndian(data[6..]);
        if (operation is not (ARPOP_REQUEST or ARPOP_REPLY))
            return IgnoredBecause.OtherProtocol;
        packet = new ArpPacket(
            operation, new MacAddress(data[8..]), new HostAddress(data[14..18]), new MacAddress(data[18..]), new HostAddress(data[24..28]));
        return IgnoredBecause.None;
    }

    /// <returns>The number of bytes, <see cref="Size"/>.</returns>
    public int Write(Span<byte> data)
    {
        BinaryPrimitives.WriteUInt16BigEndian(data, ARPHRD_ETHER);
        BinaryPrimitives.WriteUInt16BigEndian(data[2..], ETH_P_IP);
        data[4] = MacAddress.Size;
        data[5] = 4;
        BinaryPrimitives.WriteUInt16BigEndian(data[6..], Operation);
        SenderHardware.CopyTo(data[8..]);
        SenderProtocol.CopyTo(data[14..]);
        TargetHardware.CopyTo(data[18..]);
        TargetProtocol.CopyTo(data[24..]);
        return Size;
    }
}
