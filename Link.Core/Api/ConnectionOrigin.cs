using System.Net;
using System.Net.Sockets;
using Link.Core.Api.Access;

namespace Link.Core.Api;

/// <summary>Which kind of listener a connection came by. Kestrel does not tell requests a Unix socket's local end.</summary>
internal enum ConnectionOrigin
{
    Tcp,
    UnixSocket,
}

/// <summary>Hangs on a connection what is known of its other end.</summary>
/// <param name="Origin">How it came.</param>
/// <param name="Source">Over TCP: <see cref="ClientSource"/>.</param>
/// <param name="Local">Over the Unix socket: who it is, if they may come in.</param>
/// <param name="Uid">Over the Unix socket: the process's effective user.</param>
internal sealed record ConnectionOriginFeature(ConnectionOrigin Origin, IPAddress Source, Caller? Local = null, uint Uid = 0)
{
    /// <summary>Over TCP: our end.</summary>
    public Socket? Socket { get; init; }

    /// <summary>Over TCP: the address that the client has connected to; null: the connection has ended.</summary>
    public IPAddress? LocalAddress
    {
        get
        {
            try
            {
                return (Socket?.LocalEndPoint as IPEndPoint)?.Address;
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                return null;
            }
        }
    }

    /// <summary>Over TCP without credentials: who it is, once <see cref="LocalClients"/> was asked. A connection's requests come one after the other.</summary>
    public Caller? Owner { get; set; }
}
