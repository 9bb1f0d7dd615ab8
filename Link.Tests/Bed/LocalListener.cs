using System.Net;
using System.Net.Sockets;

namespace Link.Tests.Bed;

/// <summary>A service on a host that accepts and closes connections: what a TCP health check looks at.</summary>
internal sealed class LocalListener : IDisposable
{
    private readonly Socket _socket;

    /// <param name="address">Null: 127.0.0.1.</param>
    internal LocalListener(NetworkNamespace host, int port, IPAddress? address = null)
    {
        _socket = host.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        _socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _socket.Bind(new IPEndPoint(address ?? IPAddress.Loopback, port));
        _socket.Listen(64);
        _ = AcceptAsync();
    }

    public void Dispose() => _socket.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                (await _socket.AcceptAsync()).Dispose();
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // Closed: that is the fault which tests want.
        }
    }
}
