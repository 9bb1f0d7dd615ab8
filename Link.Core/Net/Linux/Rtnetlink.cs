using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>linux/rtnetlink.h</c>.</summary>
internal static class Rtnetlink
{
    public const ushort RTM_NEWLINK = 16, RTM_DELLINK = 17, RTM_GETLINK = 18;
    public const ushort RTM_NEWADDR = 20, RTM_DELADDR = 21, RTM_GETADDR = 22;
    public const ushort RTM_NEWROUTE = 24, RTM_GETROUTE = 26;
    public const ushort RTA_DST = 1, RTA_OIF = 4;
    public const byte RTN_LOCAL = 2;
    public const uint RTMGRP_LINK = 1, RTMGRP_IPV4_IFADDR = 0x10, RTMGRP_IPV6_IFADDR = 0x100;
    public const byte RT_SCOPE_UNIVERSE = 0;

    [StructLayout(LayoutKind.Sequential)]
    public struct rtattr
    {
        public ushort rta_len;
        public ushort rta_type;
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
}
