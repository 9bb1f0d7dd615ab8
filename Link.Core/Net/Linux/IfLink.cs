namespace Link.Core.Net.Linux;

/// <summary><c>linux/if_link.h</c>, <c>linux/if.h</c>.</summary>
internal static class IfLink
{
    public const ushort IFLA_ADDRESS = 1, IFLA_IFNAME = 3, IFLA_OPERSTATE = 16, IFLA_EXT_MASK = 29;
    public const uint RTEXT_FILTER_SKIP_STATS = 8;
    public const uint IFF_UP = 0x1, IFF_LOOPBACK = 0x8, IFF_RUNNING = 0x40, IFF_NOARP = 0x80, IFF_LOWER_UP = 0x10000;
}
