using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using static Link.Core.Net.Linux.IfAddr;
using static Link.Core.Net.Linux.IfLink;
using static Link.Core.Net.Linux.Netlink;
using static Link.Core.Net.Linux.Rtnetlink;
using static Link.Core.Net.Linux.SysSocket;

namespace Link.Core.Net;

/// <summary>
/// Writes rtnetlink requests one behind the other, to be sent with one system call.
/// <code>
///  0           16         24
///  | nlmsghdr  | ifaddrmsg | rtattr IFA_LOCAL | rtattr IFA_ADDRESS | ... |  every part padded to 4 bytes, host byte order
/// </code>
/// </summary>
internal sealed class RouteRequests
{
    // An RTM_NEWADDR of ours is at most 16 + 8 + 20 + 20 + 8 + 8 + 20 bytes.
    private const int MaxMessage = 128;

    private readonly byte[] _buffer;
    private int _length;

    public RouteRequests(int capacity) => _buffer = GC.AllocateUninitializedArray<byte>(capacity * MaxMessage, pinned: true);

    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    public void Clear() => _length = 0;

    /// <summary>Adds an address or, with <paramref name="replace"/>, gives one that is there another lifetime.</summary>
    /// <param name="lifetimeSeconds">When the kernel removes it; null = never.</param>
    public void AddAddress(uint sequence, int interfaceIndex, VirtualAddress address, int? lifetimeSeconds, bool replace)
    {
        // REPLACE without CREATE; without REPLACE an address that is there already is an error (EEXIST), never touched.
        var flags = NLM_F_REQUEST | NLM_F_ACK | (replace ? NLM_F_REPLACE : NLM_F_CREATE | NLM_F_EXCL);
        var start = Begin(RTM_NEWADDR, (ushort)flags, sequence);
        Address(interfaceIndex, address);

        // No duplicate address detection: the election has decided, and a moment with two holders must not leave the address dead (dadfailed).
        // No prefix route: the address must not draw the subnet's traffic to another interface nor take the host's route with it.
        var options = address.Host.IsIPv6 ? IFA_F_NODAD | IFA_F_NOPREFIXROUTE : address.IsSingle ? 0u : IFA_F_NOPREFIXROUTE;
        if (options != 0)
            Attribute(IFA_FLAGS, options);
        Attribute(IFA_PROTO, AddressMark.Link);

        var valid = lifetimeSeconds is { } seconds ? (uint)Math.Max(seconds, 1) : INFINITY_LIFE_TIME;
        // Deprecated from the start, so that the host does not choose it as the source of its own traffic.
        var preferred = address.Host.IsIPv6 && address.IsSingle ? 0u : valid;
        Attribute(IFA_CACHEINFO, new ifa_cacheinfo { ifa_prefered = preferred, ifa_valid = valid });
        End(start);
    }

    /// <param name="message">The payload of a dump's RTM_NEWADDR: the header and every attribute.</param>
    public void AddAsItWas(uint sequence, ReadOnlySpan<byte> message)
    {
        var start = Begin(RTM_NEWADDR, NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, sequence);
        message.CopyTo(_buffer.AsSpan(_length));
        _length += NLMSG_ALIGN(message.Length);
        End(start);
    }

    public void RemoveAddress(uint sequence, int interfaceIndex, VirtualAddress address)
    {
        var start = Begin(RTM_DELADDR, NLM_F_REQUEST | NLM_F_ACK, sequence);
        Address(interfaceIndex, address);
        End(start);
    }

    /// <param name="interfaceIndex">0 = of all interfaces.</param>
    public void DumpAddresses(uint sequence, int interfaceIndex)
    {
        var start = Begin(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP, sequence);
        Write(new ifaddrmsg { ifa_index = (uint)interfaceIndex });
        End(start);
    }

    /// <summary>Routes by way of somebody or to neighbours, of all tables. A kernel with strict checking leaves out the others, such as one for each own address.</summary>
    public void DumpRoutes(uint sequence, int family)
    {
        var start = Begin(RTM_GETROUTE, NLM_F_REQUEST | NLM_F_DUMP, sequence);
        Write(new rtmsg { rtm_family = (byte)family, rtm_type = RTN_UNICAST });
        End(start);
    }

    public void DumpNextHops(uint sequence)
    {
        var start = Begin(RTM_GETNEXTHOP, NLM_F_REQUEST | NLM_F_DUMP, sequence);
        Write(default(nhmsg));
        End(start);
    }

    public void DumpLinks(uint sequence)
    {
        var start = Begin(RTM_GETLINK, NLM_F_REQUEST | NLM_F_DUMP, sequence);
        Write(default(ifinfomsg));
        Attribute(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
        End(start);
    }

    private void Address(int interfaceIndex, VirtualAddress address)
    {
        Write(new ifaddrmsg
        {
            ifa_family = address.Host.IsIPv6 ? (byte)AF_INET6 : (byte)AF_INET,
            ifa_prefixlen = address.PrefixLength,
            ifa_scope = RT_SCOPE_UNIVERSE,
            ifa_index = (uint)interfaceIndex,
        });
        Span<byte> bytes = stackalloc byte[16];
        address.Host.CopyTo(bytes);
        Attribute(IFA_LOCAL, bytes[..address.Host.Size]);
        Attribute(IFA_ADDRESS, bytes[..address.Host.Size]);
    }

    private int Begin(ushort type, ushort flags, uint sequence)
    {
        var start = _length;
        Write(new nlmsghdr { nlmsg_type = type, nlmsg_flags = flags, nlmsg_seq = sequence });
        return start;
    }

    private void End(int start) => MemoryMarshal.Write(_buffer.AsSpan(start), (uint)(_length - start));

    private void Attribute<T>(ushort type, T value)
        where T : unmanaged
        => Attribute(type, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    private void Attribute(ushort type, ReadOnlySpan<byte> value)
    {
        Write(new rtattr { rta_len = (ushort)(4 + value.Length), rta_type = type });
        value.CopyTo(_buffer.AsSpan(_length));
        var padded = NLMSG_ALIGN(value.Length);
        _buffer.AsSpan(_length + value.Length, padded - value.Length).Clear();
        _length += padded;
    }

    private void Write<T>(T value)
        where T : unmanaged
    {
        MemoryMarshal.Write(_buffer.AsSpan(_length), value);
        _length += Unsafe.SizeOf<T>();
    }
}
