using System.Net;
using System.Net.Sockets;

namespace Link.Tests.Bed;

/// <summary>A port on 127.0.0.1 of a host that leads to the same port on 127.0.0.1 of this process: how a fake that runs here is reached from a namespace.</summary>
internal sealed class LocalRelay : IDisposable
{
    private readonly Socket _listener;
    private readonly int _port;

    internal LocalRelay(NetworkNamespace host, int port)
    {
        _port = port;
        _listener = host.Run(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, port));
        _listener.Listen(64);
        _ = AcceptAsync();
    }

    /// <summary>Connections that stand end with their agent.</summary>
    public void Dispose() => _listener.Dispose();

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = RelayAsync(await _listener.AcceptAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task RelayAsync(Socket near)
    {
        using var far = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        using (near)
        {
            try
            {
                await far.ConnectAsync(IPAddress.Loopback, _port);
                using NetworkStream here = new(near), there = new(far);
                await Task.WhenAny(here.CopyToAsync(there), there.CopyToAsync(here));
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                // One side has gone, and so does the other.
            }
        }
    }
}
