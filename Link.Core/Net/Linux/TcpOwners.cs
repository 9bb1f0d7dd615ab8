using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using static Link.Core.Net.Linux.Netlink;
using static Link.Core.Net.Linux.NetinetTcp;
using static Link.Core.Net.Linux.SockDiag;
using static Link.Core.Net.Linux.SysSocket;

namespace Link.Core.Net.Linux;

/// <summary>Asks the kernel whose the other end of a connection within this host is (sock_diag(7)).</summary>
/// <remarks>
/// The kernel looks a socket up by its addresses and ports, and takes one that listens if there is none with both. Of a socket that nobody has open any
/// more, of one that waits (TIME_WAIT) and of one that is not yet there (SYN_RECV) it says that it is root's. So an answer counts only for an established
/// socket with an inode, which the kernel reads after the owner: then the owner was still there.
/// </remarks>
internal static unsafe class TcpOwners
{
    // What goes over loopback comes by it; a socket that is bound to another device is not found without that device's index.
    private const uint LOOPBACK_IFINDEX = 1;
    private const int RequestBytes = NLMSG_HDRLEN + 56;
    private const int MaxAnswerBytes = 4096;
    private const uint Sequence = 1;

    /// <summary>The owner of the socket that is at <paramref name="client"/> and connected to <paramref name="server"/>. Does not wait.</summary>
    public static TcpOwner Find(IPEndPoint client, IPEndPoint server)
    {
        (IPAddress from, IPAddress to) = (Plain(client.Address), Plain(server.Address));
        if (from.AddressFamily != to.AddressFamily)
        {
            return new TcpOwner(Errno.EINVAL, 0);
        }

        using NetlinkSocket? socket = NetlinkSocket.TryOpen(NETLINK_SOCK_DIAG, out int errno);
        if (socket is null)
        {
            return new TcpOwner(errno, 0);
        }

        Span<byte> request = stackalloc byte[RequestBytes];
        Write(request, new IPEndPoint(from, client.Port), new IPEndPoint(to, server.Port));
        if (socket.Send(request) is not 0 and int refused)
        {
            return new TcpOwner(refused, 0);
        }

        Span<byte> answer = stackalloc byte[MaxAnswerBytes];
        int length = socket.Receive(answer);
        return length < 0 ? new TcpOwner(-length, 0) : Read(answer[..length], new IPEndPoint(from, client.Port), new IPEndPoint(to, server.Port));
    }

    /// <summary>Whether a connection is up in both directions: nobody has ended it, as far as is known here.</summary>
    public static bool IsEstablished(Socket socket)
    {
        Span<byte> state = stackalloc byte[1];
        try
        {
            return socket.GetRawSocketOption(IPPROTO_TCP, TCP_INFO, state) == 1 && state[0] == TCP_ESTABLISHED;
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            return false;
        }
    }

    private static void Write(Span<byte> request, IPEndPoint client, IPEndPoint server)
    {
        nlmsghdr header = new() { nlmsg_len = RequestBytes, nlmsg_type = SOCK_DIAG_BY_FAMILY, nlmsg_flags = NLM_F_REQUEST, nlmsg_seq = Sequence };
        inet_diag_req_v2 query = new()
        {
            sdiag_family = (byte)(client.AddressFamily == AddressFamily.InterNetwork ? AF_INET : AF_INET6),
            sdiag_protocol = IPPROTO_TCP,
            idiag_states = uint.MaxValue,
        };
        query.id.idiag_sport = Port(client);
        query.id.idiag_dport = Port(server);
        client.Address.TryWriteBytes(new Span<byte>(query.id.idiag_src, 16), out _);
        server.Address.TryWriteBytes(new Span<byte>(query.id.idiag_dst, 16), out _);
        query.id.idiag_if = Scope(client.Address) is not 0 and uint scope ? scope : LOOPBACK_IFINDEX;
        query.id.idiag_cookie[0] = query.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
        MemoryMarshal.Write(request, header);
        MemoryMarshal.Write(request[NLMSG_HDRLEN..], query);
    }

    private static TcpOwner Read(ReadOnlySpan<byte> answer, IPEndPoint client, IPEndPoint server)
    {
        if (answer.Length < NLMSG_HDRLEN + sizeof(int))
        {
            return new TcpOwner(Errno.EPROTO, 0);
        }

        nlmsghdr header = MemoryMarshal.Read<nlmsghdr>(answer);
        ReadOnlySpan<byte> payload = answer[NLMSG_HDRLEN..];
        if (header.nlmsg_type == NLMSG_ERROR)
        {
            return new TcpOwner(-MemoryMarshal.Read<int>(payload) is > 0 and int errno ? errno : Errno.EPROTO, 0);
        }

        if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY || header.nlmsg_seq != Sequence || payload.Length < sizeof(inet_diag_msg))
        {
            return new TcpOwner(Errno.EPROTO, 0);
        }

        inet_diag_msg found = MemoryMarshal.Read<inet_diag_msg>(payload);
        bool isIt = found.idiag_state == TCP_ESTABLISHED && found.idiag_inode != 0
            && found.id.idiag_sport == Port(client) && found.id.idiag_dport == Port(server)
            && Address(found.idiag_family, found.id.idiag_src) is { } from && from.Equals(Unscoped(client.Address))
            && Address(found.idiag_family, found.id.idiag_dst) is { } to && to.Equals(Unscoped(server.Address));
        return isIt ? new TcpOwner(0, found.idiag_uid) : new TcpOwner(Errno.ENOENT, 0);
    }

    private static IPAddress? Address(byte family, uint* words) => family switch
    {
        AF_INET => new IPAddress(new ReadOnlySpan<byte>(words, 4)),
        AF_INET6 => Plain(new IPAddress(new ReadOnlySpan<byte>(words, 16))),
        _ => null,
    };

    // The kernel keeps an IPv4 connection of an IPv6 socket among those of IPv4.
    private static IPAddress Plain(IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static IPAddress Unscoped(IPAddress address) => Scope(address) == 0 ? address : new IPAddress(address.GetAddressBytes());

    private static uint Scope(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? (uint)address.ScopeId : 0;

    private static ushort Port(IPEndPoint end) => (ushort)IPAddress.HostToNetworkOrder((short)end.Port);
}
