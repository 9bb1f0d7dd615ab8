using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>linux/rtnetlink.h</c>.</summary>
internal static class Rtnetlink
{
    public const ushort RTM_NEWLINK = 16, RTM_DELLINK = 17, RTM_GETLINK = 18;
    public const ushort RTM_NEWADDR = 20, RTM_DELADDR = 21, RTM_GETADDR = 22;
    public const ushort RTM_NEWROUTE = 24, RTM_GETROUTE = 26, RTM_NEWNEXTHOP = 104, RTM_GETNEXTHOP = 106;
    public const uint RTMGRP_LINK = 1, RTMGRP_IPV4_IFADDR = 0x10, RTMGRP_IPV4_ROUTE = 0x40, RTMGRP_IPV6_IFADDR = 0x100, RTMGRP_IPV6_ROUTE = 0x400;
    public const ushort RTA_DST = 1, RTA_OIF = 4, RTA_GATEWAY = 5, RTA_PREFSRC = 7, RTA_MULTIPATH = 9, RTA_VIA = 18;
    public const byte RTN_UNICAST = 1, RTN_LOCAL = 2;
    public const uint RTM_F_CLONED = 0x200;
    public const ushort NHA_OIF = 5, NHA_GATEWAY = 6;
    public const byte RT_SCOPE_UNIVERSE = 0;

    [StructLayout(LayoutKind.Sequential)]
    public struct rtattr
    {
        public ushort rta_len;
        public ushort rta_type;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct rtmsg
    {
        public byte rtm_family;
        public byte rtm_dst_len;
        public byte rtm_src_len;
        public byte rtm_tos;
        public byte rtm_table;
        public byte rtm_protocol;
        public byte rtm_scope;
        public byte rtm_type;
        public uint rtm_flags;
    }

    /// <summary>One of several next hops, in RTA_MULTIPATH; attributes follow it.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct rtnexthop
    {
        public ushort rtnh_len;
        public byte rtnh_flags;
        public byte rtnh_hops;
        public int rtnh_ifindex;
    }

    /// <summary><c>linux/nexthop.h</c>: a next hop that routes name by its number.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct nhmsg
    {
        public byte nh_family;
        public byte nh_scope;
        public byte nh_protocol;
        public byte resvd;
        public uint nh_flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ifinfomsg
    {
        public byte ifi_family;
        public byte __ifi_pad;
        public ushort ifi_type;
        public int ifi_index;
        public uint ifi_flags;
        public uint ifi_change;
    }
}
