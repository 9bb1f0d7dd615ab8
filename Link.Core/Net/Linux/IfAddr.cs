using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>linux/if_addr.h</c>.</summary>
internal static class IfAddr
{
    public const ushort IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_LABEL = 3, IFA_BROADCAST = 4, IFA_CACHEINFO = 6, IFA_FLAGS = 8;
    public const ushort IFA_RT_PRIORITY = 9;

    /// <summary>Since Linux 5.18; older kernels ignore it and do not return it.</summary>
    public const ushort IFA_PROTO = 11;

    public const uint IFA_F_SECONDARY = 0x01, IFA_F_NODAD = 0x02, IFA_F_DADFAILED = 0x08, IFA_F_DEPRECATED = 0x20;
    public const uint IFA_F_TENTATIVE = 0x40, IFA_F_PERMANENT = 0x80, IFA_F_NOPREFIXROUTE = 0x200;
    public const byte IFAPROT_UNSPEC = 0, IFAPROT_KERNEL_LO = 1, IFAPROT_KERNEL_RA = 2, IFAPROT_KERNEL_LL = 3;
    public const uint INFINITY_LIFE_TIME = 0xFFFFFFFF;

    [StructLayout(LayoutKind.Sequential)]
    public struct ifaddrmsg
    {
        public byte ifa_family;
        public byte ifa_prefixlen;
        public byte ifa_flags;
        public byte ifa_scope;
        public uint ifa_index;
    }

    /// <summary>Lifetimes in seconds; the stamps in hundredths of seconds since boot.</summary>
    [StructLayout(LayoutKind.Sequential)]
    public struct ifa_cacheinfo
    {
        public uint ifa_prefered;
        public uint ifa_valid;
        public uint cstamp;
        public uint tstamp;
    }
}
