namespace Link.Core.Net.Linux;

/// <summary><c>linux/if_arp.h</c>, <c>linux/if_ether.h</c>, <c>linux/icmpv6.h</c>, <c>net/ndisc.h</c>.</summary>
internal static class IfArp
{
    public const ushort ARPHRD_ETHER = 1;
    public const ushort ARPOP_REQUEST = 1, ARPOP_REPLY = 2;
    public const ushort ETH_P_IP = 0x0800, ETH_P_ARP = 0x0806, ETH_P_IPV6 = 0x86DD;
    public const byte IPPROTO_ICMPV6 = 58;
    public const byte NDISC_NEIGHBOUR_SOLICITATION = 135, NDISC_NEIGHBOUR_ADVERTISEMENT = 136;
    public const byte ND_OPT_SOURCE_LL_ADDR = 1, ND_OPT_TARGET_LL_ADDR = 2;
}
