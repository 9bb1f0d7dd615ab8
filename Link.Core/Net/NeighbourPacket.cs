using System.Buffers.Binary;
using static Link.Core.Net.Linux.IfArp;

namespace Link.Core.Net;

/// <summary>
/// A neighbour advertisement or solicitation (RFC 4861 sections 4.3 and 4.4) with its IPv6 header, without the Ethernet header.
/// <code>
///  0        4      6   7   8        24            40  41  42      44     48       64  65 66       72
///  | 6      | len  |58 |255| source | destination |typ| 0 | csum  | flags| target |opt|1 | MAC    |
///  |&lt;--------------- IPv6 ----------------------->|&lt;------------ ICMPv6 ---------->|&lt;- option -->|
/// </code>
/// The option is there in advertisements (target's address, 2) and not in solicitations from :: (RFC 4861 section 4.3).
/// </summary>
internal readonly record struct NeighbourPacket(
    byte Type, HostAddress Source, HostAddress Destination, uint Flags, HostAddress Target, MacAddress? LinkAddress)
{
    public const int MaxSize = 72;
    public const uint RouterFlag = 0x8000_0000, SolicitedFlag = 0x4000_0000, OverrideFlag = 0x2000_0000;

    private const int HeaderSize = 40;
    private const byte HopLimit = 255;

    /// <summary>"The address is at this MAC": unsolicited, to all nodes, overriding what they know (RFC 4861 section 7.2.6).</summary>
    /// <param name="isRouter">The host forwards IPv6; to say otherwise would make neighbours drop their routes through it.</param>
    public static NeighbourPacket Announcement(MacAddress mac, HostAddress address, bool isRouter)
        => new(NDISC_NEIGHBOUR_ADVERTISEMENT, address, HostAddress.AllNodes, OverrideFlag | (isRouter ? RouterFlag : 0), address, mac);

    /// <summary>The question of duplicate address detection (RFC 4862 section 5.4.2): holders answer to all nodes.</summary>
    public static NeighbourPacket Probe(HostAddress address)
        => new(NDISC_NEIGHBOUR_SOLICITATION, HostAddress.Any6, address.SolicitedNodeGroup(), 0, address, null);

    /// <summary>
    /// Whether a neighbour may believe it (RFC 4861 sections 7.1.1 and 7.1.2): a target and a sender that can be a machine's, no answer to nobody's question
    /// sent to all, and of somebody without an address only the question of duplicate address detection.
    /// </summary>
    public bool IsValid
    {
        get
        {
            if (Target.IsGroup || Source.IsGroup || Source.IsLoopback)
                return false;
            if (Type == NDISC_NEIGHBOUR_ADVERTISEMENT)
                return (Flags & SolicitedFlag) == 0 || !Destination.IsGroup;
            return !Source.IsAny || (Destination == Target.SolicitedNodeGroup() && LinkAddress is null);
        }
    }

    /// <summary>
    /// Reads a packet. The checksum is not verified: a sender on this machine may have left it to its card, and Ethernet has its own.
    /// </summary>
    /// <returns>None if <paramref name="packet"/> is set, else why it is not a valid advertisement or solicitation.</returns>
    public static IgnoredBecause TryParse(ReadOnlySpan<byte> data, out NeighbourPacket packet)
    {
        packet = default;
        if (data.Length < HeaderSize)
            return IgnoredBecause.Truncated;
        if (data[0] >> 4 != 6 || data[6] != IPPROTO_ICMPV6)
            return IgnoredBecause.OtherProtocol;
        var length = BinaryPrimitives.ReadUInt16BigEndian(data[4..]);
        if (length < 24 || data.Length < HeaderSize + length)
            return IgnoredBecause.Truncated;
        var message = data.Slice(HeaderSize, length);
        var type = message[0];
        if (type is not (NDISC_NEIGHBOUR_ADVERTISEMENT or NDISC_NEIGHBOUR_SOLICITATION) || message[1] != 0)
            return IgnoredBecause.OtherProtocol;
        // A lower hop limit means that it came through a router: nobody on this link said it (RFC 4861 section 7.1).
        if (data[7] != HopLimit)
            return IgnoredBecause.NotFromThisLink;

        MacAddress? linkAddress = null;
        var wanted = type == NDISC_NEIGHBOUR_ADVERTISEMENT ? ND_OPT_TARGET_LL_ADDR : ND_OPT_SOURCE_LL_ADDR;
        for (var options = message[24..]; options.Length >= 8;)
        {
            var size = options[1] * 8;
            if (size == 0 || size > options.Length)
                return IgnoredBecause.Truncated;
            if (options[0] == wanted)
                linkAddress = new MacAddress(options[2..]);
            options = options[size..];
        }

        packet = new NeighbourPacket(
            type,
            new HostAddress(data[8..24]),
            new HostAddress(data[24..40]),
            BinaryPrimitives.ReadUInt32BigEndian(message[4..]),
            new HostAddress(message[8..24]),
            linkAddress);
        return IgnoredBecause.None;
    }

    /// <returns>The number of bytes.</returns>
    public int Write(Span<byte> data)
    {
        var length = LinkAddress is null ? 24 : 32;
        BinaryPrimitives.WriteUInt32BigEndian(data, 0x6000_0000);
        BinaryPrimitives.WriteUInt16BigEndian(data[4..], (ushort)length);
        data[6] = IPPROTO_ICMPV6;
        data[7] = HopLimit;
        Source.CopyTo(data[8..]);
        Destination.CopyTo(data[24..]);
        data[40] = Type;
        data[41] = 0;
        BinaryPrimitives.WriteUInt16BigEndian(data[42..], 0);
        BinaryPrimitives.WriteUInt32BigEndian(data[44..], Flags);
        Target.CopyTo(data[48..]);
        if (LinkAddress is { } mac)
        {
            data[64] = Type == NDISC_NEIGHBOUR_ADVERTISEMENT ? ND_OPT_TARGET_LL_ADDR : ND_OPT_SOURCE_LL_ADDR;
            data[65] = 1;
            mac.CopyTo(data[66..]);
        }

        BinaryPrimitives.WriteUInt16BigEndian(data[42..], Checksum(data[..(HeaderSize + length)]));
        return HeaderSize + length;
    }

    /// <summary>RFC 4443 section 2.3: over both addresses, the length, the protocol, and the message.</summary>
    private static ushort Checksum(ReadOnlySpan<byte> data)
    {
        var sum = (uint)(data.Length - HeaderSize) + IPPROTO_ICMPV6;
        for (var i = 8; i < data.Length; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(data[i..]);
        while (sum >> 16 != 0)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return (ushort)~sum;
    }
}
