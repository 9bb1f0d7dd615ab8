using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Link.Tests.Bed;

/// <summary>
/// Echo request and reply of ICMP and ICMPv6. The number of the request stands in the data, for the sequence field wraps after a minute.
/// <code>
///  0       1       2               4               6               8
/// | type  | code  |   checksum    |  identifier   |   sequence    | number (4) |
/// </code>
/// </summary>
internal static class EchoPacket
{
    internal const int Length = 12;
    internal const int SocketAddressLength = 28;

    private const byte EchoRequest = 8, EchoReply = 0, EchoRequestV6 = 128, EchoReplyV6 = 129;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void WriteRequest(Span<byte> packet, bool v6, ushort identifier, int number)
    {
        packet.Clear();
        packet[0] = v6 ? EchoRequestV6 : EchoRequest;
        BinaryPrimitives.WriteUInt16BigEndian(packet[4..], identifier);
        BinaryPrimitives.WriteUInt16BigEndian(packet[6..], (ushort)number);
        BinaryPrimitives.WriteInt32BigEndian(packet[8..], number);
        if (!v6) // The kernel fills in the checksum of ICMPv6 only.
            BinaryPrimitives.WriteUInt16BigEndian(packet[2..], Checksum(packet));
    }

    /// <param name="packet">From the IP header on.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static bool TryReadAnswer(ushort protocol, ReadOnlySpan<byte> packet, ReadOnlySpan<byte> target, ushort identifier, out int number)
    {
        number = 0;
        ReadOnlySpan<byte> source;
        byte type;
        if (protocol == LibC.ETH_P_IP && packet.Length >= 20 && packet[9] == LibC.IPPROTO_ICMP)
        {
            source = packet.Slice(12, 4);
            type = EchoReply;
            packet = packet[((packet[0] & 0xf) * 4)..];
        }
        else if (protocol == LibC.ETH_P_IPV6 && packet.Length >= 40 && packet[6] == LibC.IPPROTO_ICMPV6)
        {
            source = packet.Slice(8, 16);
            type = EchoReplyV6;
            packet = packet[40..];
        }
        else
        {
            return false;
        }
        if (packet.Length < Length || packet[0] != type || BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) != identifier || !source.SequenceEqual(target))
            return false;
        number = BinaryPrimitives.ReadInt32BigEndian(packet[8..]);
        return true;
    }

    /// <summary>struct sockaddr_in or sockaddr_in6.</summary>
    /// <returns>Its length.</returns>
    internal static int WriteSocketAddress(Span<byte> socketAddress, ReadOnlySpan<byte> target)
    {
        socketAddress.Clear();
        var v6 = target.Length == 16;
        MemoryMarshal.Write(socketAddress, (ushort)(v6 ? LibC.AF_INET6 : LibC.AF_INET));
        target.CopyTo(socketAddress[(v6 ? 8 : 4)..]);
        return v6 ? 28 : 16;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static ushort Checksum(ReadOnlySpan<byte> packet)
    {
        var sum = 0u;
        for (var i = 0; i < packet.Length; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(packet[i..]);
        while (sum > 0xffff)
            sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}
