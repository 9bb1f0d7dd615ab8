using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using static Link.Core.Net.Linux.IfAddr;
using static Link.Core.Net.Linux.IfArp;
using static Link.Core.Net.Linux.IfLink;
using static Link.Core.Net.Linux.Netlink;
using static Link.Core.Net.Linux.Rtnetlink;
using static Link.Core.Net.Linux.SysSocket;

namespace Link.Core.Net;

/// <summary>Reads rtnetlink messages. Lengths are checked; what does not fit is refused, not thrown.</summary>
internal static class RouteMessage
{
    private const byte IF_OPER_UP = 6, IF_OPER_UNKNOWN = 0;

    /// <summary>Takes the first message off a datagram.</summary>
    /// <param name="data">What is left of the datagram; shortened by the message.</param>
    public static bool TryTake(ref ReadOnlySpan<byte> data, out nlmsghdr header, out ReadOnlySpan<byte> payload)
    {
        header = default;
        payload = default;
        if (data.Length < NLMSG_HDRLEN)
            return false;
        header = MemoryMarshal.Read<nlmsghdr>(data);
        if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > data.Length)
            return false;
        var length = (int)header.nlmsg_len;
        payload = data[NLMSG_HDRLEN..length];
        var next = NLMSG_ALIGN(length);
        data = next >= data.Length ? default : data[next..];
        return true;
    }

    /// <summary>Reads the payload of RTM_NEWADDR or RTM_DELADDR.</summary>
    public static AddressRecord? Address(ReadOnlySpan<byte> payload)
    {
        var headerSize = Unsafe.SizeOf<ifaddrmsg>();
        if (payload.Length < headerSize)
            return null;
        var header = MemoryMarshal.Read<ifaddrmsg>(payload);
        var size = header.ifa_family switch { AF_INET => 4, AF_INET6 => 16, _ => 0 };
        if (size == 0 || header.ifa_prefixlen > size * 8)
            return null;

        HostAddress? address = null, local = null;
        uint flags = header.ifa_flags;
        byte mark = 0;
        uint? valid = null;
        uint created = 0;
        var attributes = new RtAttributes(payload[headerSize..]);
        while (attributes.TryNext(out var type, out var value))
        {
            switch (type)
            {
                case IFA_ADDRESS when value.Length == size:
                    address = new HostAddress(value);
                    break;
                case IFA_LOCAL when value.Length == size:
                    local = new HostAddress(value);
                    break;
                case IFA_FLAGS when value.Length == 4:
                    flags = MemoryMarshal.Read<uint>(value);
                    break;
                case IFA_PROTO when value.Length == 1:
                    mark = value[0];
                    break;
                case IFA_CACHEINFO when value.Length >= Unsafe.SizeOf<ifa_cacheinfo>():
                    var life = MemoryMarshal.Read<ifa_cacheinfo>(value);
                    valid = life.ifa_valid == INFINITY_LIFE_TIME ? null : life.ifa_valid;
                    created = life.cstamp;
                    break;
                default:
                    break;
            }
        }

        // On a point-to-point interface IFA_ADDRESS is the other end.
        return (local ?? address) is { } host
            ? new AddressRecord((int)header.ifa_index, new VirtualAddress(host, header.ifa_prefixlen), mark, flags, valid) { CreatedAt = created }
            : null;
    }

    /// <summary>Reads the next hops of an RTM_NEWROUTE: none of a route to neighbours, several of a multipath route.</summary>
    public static void NextHops(ReadOnlySpan<byte> payload, Action<NextHop> add)
    {
        var headerSize = Unsafe.SizeOf<rtmsg>();
        if (payload.Length < headerSize)
            return;
        var header = MemoryMarshal.Read<rtmsg>(payload);
        // Cloned: what the kernel remembers of one destination, not what somebody configured.
        if (header.rtm_type != RTN_UNICAST || (header.rtm_flags & RTM_F_CLONED) != 0)
            return;
        var isDefault = header.rtm_dst_len == 0;
        HostAddress? source = null;
        var attributes = new RtAttributes(payload[headerSize..]);
        while (attributes.TryNext(out var type, out var value))
        {
            if (type == RTA_PREFSRC && value.Length is 4 or 16)
                source = new HostAddress(value);
        }

        NextHop route = new(default, 0, isDefault, source);
        NextHop(payload[headerSize..], route, RTA_GATEWAY, RTA_OIF, add);
        attributes = new RtAttributes(payload[headerSize..]);
        while (attributes.TryNext(out var type, out var hops))
        {
            if (type != RTA_MULTIPATH)
                continue;
            while (hops.Length >= Unsafe.SizeOf<rtnexthop>())
            {
                var hop = MemoryMarshal.Read<rtnexthop>(hops);
                if (hop.rtnh_len < Unsafe.SizeOf<rtnexthop>() || hop.rtnh_len > hops.Length)
                    break;
                NextHop(hops[Unsafe.SizeOf<rtnexthop>()..hop.rtnh_len], route with { InterfaceIndex = hop.rtnh_ifindex }, RTA_GATEWAY, RTA_OIF, add);
                hops = hops[Math.Min(NLMSG_ALIGN(hop.rtnh_len), hops.Length)..];
            }
        }
    }

    /// <summary>Reads the gateway of an RTM_NEWNEXTHOP; a route may show no more of it than its number (net.ipv4.nexthop_compat_mode).</summary>
    public static void NextHopObject(ReadOnlySpan<byte> payload, Action<NextHop> add)
    {
        if (payload.Length >= Unsafe.SizeOf<nhmsg>())
            NextHop(payload[Unsafe.SizeOf<nhmsg>()..], default, NHA_GATEWAY, NHA_OIF, add);
    }

    private static void NextHop(ReadOnlySpan<byte> data, NextHop hop, ushort gatewayType, ushort interfaceType, Action<NextHop> add)
    {
        HostAddress? gateway = null;
        var attributes = new RtAttributes(data);
        while (attributes.TryNext(out var type, out var value))
        {
            if (type == gatewayType && value.Length is 4 or 16)
                gateway = new HostAddress(value);
            // struct rtvia: the family, then the address; an IPv4 route by an IPv6 neighbour has one.
            else if (gatewayType == RTA_GATEWAY && type == RTA_VIA && value.Length is 6 or 18)
                gateway = new HostAddress(value[2..]);
            else if (type == interfaceType && value.Length == 4)
                hop = hop with { InterfaceIndex = MemoryMarshal.Read<int>(value) };
        }

        if (gateway is { IsAny: false } address)
            add(hop with { Address = address });
    }

    /// <summary>Reads the payload of RTM_NEWLINK or RTM_DELLINK.</summary>
    /// <param name="before">What was known of the interface: some notices leave out what did not change.</param>
    public static NetworkLink? Link(ReadOnlySpan<byte> payload, Func<int, NetworkLink?> before)
    {
        var headerSize = Unsafe.SizeOf<ifinfomsg>();
        if (payload.Length < headerSize)
            return null;
        var header = MemoryMarshal.Read<ifinfomsg>(payload);
        // A bridge tells about its ports with AF_BRIDGE; its RTM_DELLINK only means that a port left.
        if (header.ifi_family != AF_UNSPEC || header.ifi_index <= 0)
            return null;

        var known = before(header.ifi_index);
        var name = known?.Name;
        var mac = known?.Mac;
        var operational = (header.ifi_flags & IFF_RUNNING) != 0;
        var attributes = new RtAttributes(payload[headerSize..]);
        while (attributes.TryNext(out var type, out var value))
        {
            switch (type)
            {
                case IFLA_IFNAME when value.Length is > 1 and <= 16:
                    name = Encoding.UTF8.GetString(value.TrimEnd((byte)0));
                    break;
                case IFLA_ADDRESS:
                    mac = header.ifi_type == ARPHRD_ETHER && value.Length == MacAddress.Size ? new MacAddress(value) : null;
                    break;
                case IFLA_OPERSTATE when value.Length == 1:
                    operational = value[0] is IF_OPER_UP or IF_OPER_UNKNOWN;
                    break;
                default:
                    break;
            }
        }

        if (name is null)
            return null;
        var isUp = (header.ifi_flags & IFF_UP) != 0;
        return new NetworkLink(
            header.ifi_index,
            name,
            mac,
            isUp,
            HasCarrier: isUp && operational && (header.ifi_flags & IFF_LOWER_UP) != 0,
            IsLoopback: (header.ifi_flags & IFF_LOOPBACK) != 0,
            HasNoArp: (header.ifi_flags & IFF_NOARP) != 0);
    }

    /// <summary>The kernel's text in an acknowledgement's extended attributes, or null.</summary>
    public static string? ErrorText(in nlmsghdr header, ReadOnlySpan<byte> payload)
    {
        if ((header.nlmsg_flags & NLM_F_ACK_TLVS) == 0 || payload.Length < Unsafe.SizeOf<nlmsgerr>())
            return null;
        var error = MemoryMarshal.Read<nlmsgerr>(payload);
        // Uncapped, the request's payload stands between.
        var skip = Unsafe.SizeOf<nlmsgerr>();
        if ((header.nlmsg_flags & NLM_F_CAPPED) == 0)
            skip += NLMSG_ALIGN((int)Math.Min(error.msg.nlmsg_len, 65536)) - NLMSG_HDRLEN;
        if (skip < Unsafe.SizeOf<nlmsgerr>() || skip > payload.Length)
            return null;
        var attributes = new RtAttributes(payload[skip..]);
        while (attributes.TryNext(out var type, out var value))
        {
            if (type == NLMSGERR_ATTR_MSG)
                return Encoding.UTF8.GetString(value.TrimEnd((byte)0));
        }

        return null;
    }
}
