using Link.Core.Net.Linux;
using static Link.Core.Net.Linux.Rtnetlink;

namespace Link.Core.Net;

/// <summary>Hears the kernel's notices about interfaces and addresses.</summary>
internal sealed class NetworkMonitor : IDisposable
{
    // A dispatch ends after so many datagrams, so that a storm of notices leaves the loop its turn; epoll calls again.
    private const int MaxDatagrams = 2048;

    private readonly NetlinkSocket _socket;
    private readonly INetworkNotices _notices;
    private readonly Func<int, NetworkLink?> _find;
    private readonly byte[] _buffer = GC.AllocateUninitializedArray<byte>(64 << 10, pinned: true);
    private bool _lost;

    /// <param name="receiveBuffer">Bytes; when it overflows, <see cref="INetworkNotices.NoticesLost"/> tells.</param>
    /// <exception cref="KernelException">There is no netlink here.</exception>
    public NetworkMonitor(LinkTable links, INetworkNotices notices, int receiveBuffer = 8 << 20)
    {
        _notices = notices;
        _find = links.Find;
        _socket = new NetlinkSocket(RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, receiveBuffer);
    }

    public int Fd => _socket.Fd;

    /// <summary>Call when <see cref="Fd"/> is readable.</summary>
    public void Dispatch(long nowMs)
    {
        for (var i = 0; i < MaxDatagrams; i++)
        {
            var length = _socket.Receive(_buffer);
            if (length == -Errno.EAGAIN)
            {
                if (!_lost)
                    return;
                _lost = false;
                _notices.NoticesLost(nowMs);
                return;
            }

            if (length == -Errno.EINTR)
                continue;
            if (length < 0)
            {
                // ENOBUFS, and EMSGSIZE if a notice were ever larger than the buffer: in both cases we missed something.
                // What is still queued is older than what was lost; after the new dump it would turn the clock back.
                _lost = true;
                continue;
            }

            if (_lost)
                continue;

            ReadOnlySpan<byte> data = _buffer.AsSpan(0, length);
            while (RouteMessage.TryTake(ref data, out var header, out var payload))
            {
                switch (header.nlmsg_type)
                {
                    case RTM_NEWLINK when RouteMessage.Link(payload, _find) is { } link:
                        _notices.LinkSeen(link, nowMs);
                        break;
                    case RTM_DELLINK when RouteMessage.Link(payload, _find) is { } link:
                        _notices.LinkDeleted(link.Index, nowMs);
                        break;
                    case RTM_NEWADDR when RouteMessage.Address(payload) is { } address:
                        _notices.AddressAdded(address, header.nlmsg_pid, nowMs);
                        break;
                    case RTM_DELADDR when RouteMessage.Address(payload) is { } address:
                        _notices.AddressRemoved(address, header.nlmsg_pid, nowMs);
                        break;
                    default:
                        break;
                }
            }
        }
    }

    public void Dispose() => _socket.Dispose();
}
