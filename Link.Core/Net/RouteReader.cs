using System.Buffers;
using System.Runtime.InteropServices;
using Link.Core.Net.Linux;
using static Link.Core.Net.Linux.Netlink;
using static Link.Core.Net.Linux.Rtnetlink;
using static Link.Core.Net.Linux.SysSocket;

namespace Link.Core.Net;

/// <summary>
/// Reads the host's gateways and addresses. A router may have a million routes, which take a second to list: for any thread but the loop's, with a
/// socket of its own for each reading, and of the routes nothing is kept but the gateways.
/// </summary>
internal static class RouteReader
{
    private const int MaxNextHops = 16_384;
    private const int MaxAddresses = 65_536;
    private const int BufferSize = 64 << 10;
    private const int ReceiveBuffer = 1 << 20;

    /// <summary>What the kernel refuses (no IPv6, no next hop objects before Linux 5.3) is missing.</summary>
    /// <exception cref="KernelException">There is no netlink here.</exception>
    public static (IReadOnlyCollection<NextHop> NextHops, IReadOnlyList<AddressRecord> Addresses) Read()
    {
        HashSet<NextHop> hops = [];
        List<AddressRecord> addresses = [];
        using var socket = new NetlinkSocket(groups: 0, ReceiveBuffer);
        RouteRequests requests = new(1);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            var sequence = 0u;
            foreach (var family in new[] { AF_INET, AF_INET6 })
            {
                requests.Clear();
                requests.DumpRoutes(++sequence, family);
                Dump(socket, requests, buffer, sequence, RTM_NEWROUTE, payload => RouteMessage.NextHops(payload, Add));
            }

            requests.Clear();
            requests.DumpNextHops(++sequence);
            Dump(socket, requests, buffer, sequence, RTM_NEWNEXTHOP, payload => RouteMessage.NextHopObject(payload, Add));
            requests.Clear();
            requests.DumpAddresses(++sequence, interfaceIndex: 0);
            Dump(socket, requests, buffer, sequence, RTM_NEWADDR, payload =>
            {
                if (addresses.Count < MaxAddresses && RouteMessage.Address(payload) is { } record)
                    addresses.Add(record);
            });
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return (hops, addresses);

        void Add(NextHop hop)
        {
            if (hops.Count < MaxNextHops)
                hops.Add(hop);
        }
    }

    private static void Dump(NetlinkSocket socket, RouteRequests requests, byte[] buffer, uint sequence, ushort type, Action<ReadOnlySpan<byte>> take)
    {
        if (socket.Send(requests.Written) != 0)
            return;
        while (true)
        {
            var length = socket.Receive(buffer);
            if (length == -Errno.EINTR)
                continue;
            if (length < 0)
                return;
            ReadOnlySpan<byte> data = buffer.AsSpan(0, length);
            while (RouteMessage.TryTake(ref data, out var header, out var payload))
            {
                if (header.nlmsg_seq != sequence)
                    continue;
                if (header.nlmsg_type == type)
                    take(payload);
                else if (header.nlmsg_type is NLMSG_DONE or NLMSG_ERROR)
                    return;
            }
        }
    }
}
