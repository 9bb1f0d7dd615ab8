using System.Net.Sockets;

namespace Link.Core.Agent;

/// <summary>
/// Marks this network namespace as this agent's, by an abstract Unix socket (unix(7): those belong to the network namespace).
/// Without it, a second agent beside ours would take our addresses for leftovers of a crash.
/// </summary>
internal sealed class NamespaceClaim : IDisposable
{
    private readonly Socket? _socket;

    private NamespaceClaim(Socket? socket) => _socket = socket;

    public bool IsHeld => _socket != null;

    public static NamespaceClaim Try()
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint("\0link/agent"));
            return new NamespaceClaim(socket);
        }
        catch (SocketException)
        {
            socket.Dispose();
            return new NamespaceClaim(null);
        }
    }

    public void Dispose() => _socket?.Dispose();
}
