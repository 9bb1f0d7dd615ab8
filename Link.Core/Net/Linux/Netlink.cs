using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>linux/netlink.h</c>.</summary>
internal static class Netlink
{
    public const int NETLINK_ROUTE = 0, NETLINK_SOCK_DIAG = 4;
    public const ushort NLMSG_NOOP = 1, NLMSG_ERROR = 2, NLMSG_DONE = 3, NLMSG_OVERRUN = 4;
    public const ushort NLM_F_REQUEST = 0x01, NLM_F_MULTI = 0x02, NLM_F_ACK = 0x04, NLM_F_DUMP_INTR = 0x10;
    public const ushort NLM_F_CAPPED = 0x100, NLM_F_ACK_TLVS = 0x200;
    public const ushort NLM_F_REPLACE = 0x100, NLM_F_EXCL = 0x200, NLM_F_CREATE = 0x400, NLM_F_DUMP = 0x300;
    public const int NETLINK_CAP_ACK = 10, NETLINK_EXT_ACK = 11, NETLINK_GET_STRICT_CHK = 12;
    public const ushort NLMSGERR_ATTR_MSG = 1;
    public const int NLMSG_HDRLEN = 16, NLMSG_ALIGNTO = 4;

    [StructLayout(LayoutKind.Sequential)]
    public struct sockaddr_nl
    {
        public ushort nl_family;
        public ushort nl_pad;
        public uint nl_pid;
        public uint nl_groups;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct nlmsghdr
    {
        public uint nlmsg_len;
        public ushort nlmsg_type;
        public ushort nlmsg_flags;
        public uint nlmsg_seq;
        public uint nlmsg_pid;
    }

    /// <summary>The payload of an acknowledgement: 0 or a negative errno, and the header it answers.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct nlmsgerr
    {
        public int error;
        public nlmsghdr msg;
    }

    public static int NLMSG_ALIGN(int length) => (length + NLMSG_ALIGNTO - 1) & ~(NLMSG_ALIGNTO - 1);
}
