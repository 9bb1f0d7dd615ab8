using System.Net;
using System.Net.Sockets;
using Link.Core.Api.Access;
using Link.Core.Api.Limits;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Link.Core.Api;

/// <summary>
/// Accepts connections for Kestrel, and closes those for which the table has no room before they cost more than a descriptor: Kestrel's own way reads what
/// they have sent first.
/// </summary>
internal sealed class ApiListener(Socket socket, ConnectionTable table, SocketConnectionContextFactory contexts) : IConnectionListener
{
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(50);

    public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

    public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
    {
        while (true)
        {
            Socket accepted;
            try
            {
                accepted = await socket.AcceptAsync(cancellationToken);
            }
            catch (Exception end) when (end is ObjectDisposedException or SocketException { SocketErrorCode: SocketError.OperationAborted })
            {
                return null;
            }
            catch (Exception fault) when (fault is SocketException or OutOfMemoryException)
            {
                // Reset while it waited; or no descriptor or memory is left, which does not change at once. What got out of here would end the API.
                if (fault is not SocketException { SocketErrorCode: SocketError.ConnectionAborted or SocketError.ConnectionReset })
                {
                    await Task.Delay(s_pause, cancellationToken);
                }

                continue;
            }

            if (Open(accepted) is { } connection)
            {
                return connection;
            }
        }
    }

    public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
    {
        socket.Dispose();
        return ValueTask.CompletedTask;
    }

    public ValueTask DisposeAsync() => UnbindAsync();

    private ConnectionContext? Open(Socket accepted)
    {
        ApiConnection? opened = null;
        try
        {
            IPEndPoint? remote = accepted.RemoteEndPoint as IPEndPoint;
            opened = table.TryOpen(ClientSource.Of(remote?.Address));
            if (opened is not null)
            {
                if (remote is not null)
                {
                    accepted.NoDelay = true;
                }

                ConnectionContext context = contexts.Create(accepted);
                context.Features.Set(opened);
                opened.Attach(context);
                return context;
            }
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException or OutOfMemoryException)
        {
            // Gone already, or there is no memory for it.
            if (opened is not null)
            {
                table.Close(opened);
            }
        }

        accepted.Close(timeout: 0);
        return null;
    }
}
