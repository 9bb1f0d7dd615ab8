using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>linux/sock_diag.h</c> and <c>linux/inet_diag.h</c>. Ports and addresses are in network order.</summary>
internal static class SockDiag
{
    public const ushort SOCK_DIAG_BY_FAMILY = 20;
    public const uint INET_DIAG_NOCOOKIE = uint.MaxValue;

    [StructLayout(LayoutKind.Sequential)]
    public unsafe struct inet_diag_sockid
    {
        public ushort idiag_sport;
        public ushort idiag_dport;
        public fixed uint idiag_src[4];
        public fixed uint idiag_dst[4];
        public uint idiag_if;
        public fixed uint idiag_cookie[2];
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct inet_diag_req_v2
    {
        public byte sdiag_family;
        public byte sdiag_protocol;
        public byte idiag_ext;
        public byte pad;
        public uint idiag_states;
        public inet_diag_sockid id;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct inet_diag_msg
    {
        public byte idiag_family;
        public byte idiag_state;
        public byte idiag_timer;
        public byte idiag_retrans;
        public inet_diag_sockid id;
        public uint idiag_expires;
        public uint idiag_rqueue;
        public uint idiag_wqueue;
        public uint idiag_uid;
        public uint idiag_inode;
    }
}
