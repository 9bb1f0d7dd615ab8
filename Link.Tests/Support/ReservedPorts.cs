using System.Net;
using System.Net.Sockets;

namespace Link.Tests.Support;

/// <summary>
/// Ports of the loopback that are nobody else's while this process runs: a socket is bound to each and never listens. Whoever a test tells the number
/// may bind to it as well (SO_REUSEADDR, as servers have it) and listen; until then a connection is refused, and the kernel gives the port to nobody.
/// </summary>
internal static class ReservedPorts
{
    private static readonly Lock Gate = new();
    private static readonly List<Socket> Held = [];

    public static int Take(IPAddress address)
    {
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        socket.Bind(new IPEndPoint(address, 0));
        lock (Gate)
            Held.Add(socket);
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
