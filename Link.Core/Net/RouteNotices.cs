using Link.Core.Net.Linux;
using static Link.Core.Net.Linux.Rtnetlink;

namespace Link.Core.Net;

/// <summary>
/// Tells that routes changed, not which: on a router that is every moment. An address that comes or goes brings a route with it, one that gets another
/// lifetime does not.
/// </summary>
internal sealed class RouteNotices : IDisposable
{
    // What is queued says the same again and again, so little room will do.
    private const int ReceiveBuffer = 16 << 10;
    private const int MaxDatagrams = 1024;

    private readonly NetlinkSocket _socket = new(RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_ROUTE, ReceiveBuffer);
    private readonly byte[] _buffer = new byte[16];

    public int Fd => _socket.Fd;

    /// <summary>Forgets what was told. Call before the routes are read.</summary>
    public void Drain()
    {
        for (var i = 0; i < MaxDatagrams && _socket.Receive(_buffer) != -Errno.EAGAIN; i++)
        {
            // Cut off or lost: all the same.
        }
    }

    public void Dispose() => _socket.Dispose();
}
