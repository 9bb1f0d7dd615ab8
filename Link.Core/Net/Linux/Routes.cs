using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using static Link.Core.Net.Linux.Netlink;
using static Link.Core.Net.Linux.Rtnetlink;
using static Link.Core.Net.Linux.SysSocket;

namespace Link.Core.Net.Linux;

/// <summary>Asks the kernel for its way to an address (rtnetlink(7), RTM_GETROUTE).</summary>
internal static unsafe class Routes
{
    private const int RtattrBytes = 4;
    private const int MaxRequestBytes = 64;
    private const int MaxAnswerBytes = 4096;
    private const uint Sequence = 1;

    /// <summary>Whether the address is one of this host's own. Null: the kernel does not tell. Does not wait.</summary>
    public static bool? IsLocal(IPAddress address)
    {
        using NetlinkSocket? socket = NetlinkSocket.TryOpen(NETLINK_ROUTE, out _);
        if (socket is null)
        {
            return null;
        }

        Span<byte> request = stackalloc byte[MaxRequestBytes];
        if (socket.Send(request[..Write(request, address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address)]) != 0)
        {
            return null;
        }

        Span<byte> answer = stackalloc byte[MaxAnswerBytes];
        int length = socket.Receive(answer);
        if (length < NLMSG_HDRLEN + sizeof(int))
        {
            return null;
        }

        return MemoryMarshal.Read<nlmsghdr>(answer).nlmsg_type switch
        {
            RTM_NEWROUTE when length >= NLMSG_HDRLEN + sizeof(rtmsg) => MemoryMarshal.Read<rtmsg>(answer[NLMSG_HDRLEN..]).rtm_type == RTN_LOCAL,
            NLMSG_ERROR when MemoryMarshal.Read<int>(answer[NLMSG_HDRLEN..]) is -Errno.ENETUNREACH or -Errno.EHOSTUNREACH => false,
            _ => null,
        };
    }

    private static int Write(Span<byte> request, IPAddress address)
    {
        bool isV4 = address.AddressFamily == AddressFamily.InterNetwork;
        int addressBytes = isV4 ? 4 : 16;
        MemoryMarshal.Write(request[NLMSG_HDRLEN..], new rtmsg { rtm_family = (byte)(isV4 ? AF_INET : AF_INET6), rtm_dst_len = (byte)(addressBytes * 8) });
        int at = NLMSG_HDRLEN + sizeof(rtmsg);
        MemoryMarshal.Write(request[at..], new rtattr { rta_len = (ushort)(RtattrBytes + addressBytes), rta_type = RTA_DST });
        address.TryWriteBytes(request[(at + RtattrBytes)..], out _);
        at += RtattrBytes + addressBytes;
        if (!isV4 && address.ScopeId != 0)
        {
            MemoryMarshal.Write(request[at..], new rtattr { rta_len = RtattrBytes + sizeof(uint), rta_type = RTA_OIF });
            MemoryMarshal.Write(request[(at + RtattrBytes)..], (uint)address.ScopeId);
            at += RtattrBytes + sizeof(uint);
        }

        MemoryMarshal.Write(request, new nlmsghdr { nlmsg_len = (uint)at, nlmsg_type = RTM_GETROUTE, nlmsg_flags = NLM_F_REQUEST, nlmsg_seq = Sequence });
        return at;
    }
}
