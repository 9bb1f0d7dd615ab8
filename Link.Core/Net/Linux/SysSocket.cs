using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>sys/socket.h</c> and <c>asm-generic/socket.h</c> (values of x86-64 and arm64).</summary>
internal static class SysSocket
{
    public const int AF_UNSPEC = 0, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16, AF_PACKET = 17;
    public const int SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_NONBLOCK = 0x800, SOCK_CLOEXEC = 0x80000;
    public const int SOL_SOCKET = 1, SOL_NETLINK = 270, IPPROTO_IPV6 = 41;
    public const int SO_RCVBUF = 8, SO_PEERCRED = 17, SO_ATTACH_FILTER = 26, SO_RCVBUFFORCE = 33;
    public const int MSG_TRUNC = 0x20, MSG_DONTWAIT = 0x40;
    public const int IPV6_JOIN_GROUP = 20, IPV6_LEAVE_GROUP = 21;

    [StructLayout(LayoutKind.Sequential)]
    public struct iovec
    {
        public nint iov_base;
        public nuint iov_len;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct msghdr
    {
        public nint msg_name;
        public uint msg_namelen;
        public nint msg_iov;
        public nuint msg_iovlen;
        public nint msg_control;
        public nuint msg_controllen;
        public int msg_flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct mmsghdr
    {
        public msghdr msg_hdr;
        public uint msg_len;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct ucred
    {
        public int pid;
        public uint uid;
        public uint gid;
    }

    /// <summary><c>netinet/in.h</c>; the address in network order. Its bytes need no alignment, hence the packing.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 4)]
    public struct ipv6_mreq
    {
        public ulong ipv6mr_multiaddr_high;
        public ulong ipv6mr_multiaddr_low;
        public int ipv6mr_interface;
    }
}
