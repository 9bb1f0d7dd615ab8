using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>linux/if_packet.h</c>.</summary>
internal static class IfPacket
{
    public const byte PACKET_HOST = 0, PACKET_BROADCAST = 1, PACKET_MULTICAST = 2, PACKET_OTHERHOST = 3, PACKET_OUTGOING = 4, PACKET_LOOPBACK = 5;

    /// <summary><see cref="sll_protocol"/> in network order; the address in its first <see cref="sll_halen"/> bytes of eight.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct sockaddr_ll
    {
        public ushort sll_family;
        public ushort sll_protocol;
        public int sll_ifindex;
        public ushort sll_hatype;
        public byte sll_pkttype;
        public byte sll_halen;
        public byte sll_addr0, sll_addr1, sll_addr2, sll_addr3, sll_addr4, sll_addr5, sll_addr6, sll_addr7;
    }
}
