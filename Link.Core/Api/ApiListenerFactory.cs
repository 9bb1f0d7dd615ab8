using System.Net;
using System.Net.Sockets;
using Link.Core.Api.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Link.Core.Api;

/// <summary>Gives Kestrel listeners on sockets that are bound already, so that each fault is known with its address.</summary>
/// <param name="sockets">By their local address.</param>
/// <param name="tcp">Connections over TCP.</param>
/// <param name="unix">Those over the Unix socket.</param>
/// <param name="contexts">Makes what Kestrel serves.</param>
internal sealed class ApiListenerFactory(
    IReadOnlyDictionary<EndPoint, Socket> sockets, ConnectionTable tcp, ConnectionTable unix, SocketConnectionContextFactory contexts) : IConnectionListenerFactory
{
    private const int Backlog = 512;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        Socket socket = sockets[endpoint];
        socket.Listen(Backlog);
        return ValueTask.FromResult<IConnectionListener>(new ApiListener(socket, endpoint is IPEndPoint ? tcp : unix, contexts));
    }
}
