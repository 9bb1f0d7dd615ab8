using System.Net;
using System.Net.Sockets;

namespace Link.Core.Net;

/// <summary>Asks the kernel which address it would send from, with all its rules and routes; nothing is sent.</summary>
internal static class SourceAddress
{
    // Any port will do; a rule for one service alone would have to name this one.
    private const int Port = 2379;

    /// <param name="interfaceIndex">For a link-local destination: the interface behind which it is.</param>
    /// <returns>Null: there is no way to the destination.</returns>
    public static HostAddress? Towards(HostAddress destination, int interfaceIndex = 0)
    {
        var address = destination.ToIPAddress();
        if (destination is { IsIPv6: true, IsLinkLocal: true })
            address.ScopeId = interfaceIndex;
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(new IPEndPoint(address, Port));
            return socket.LocalEndPoint is IPEndPoint local ? HostAddress.From(local.Address) : null;
        }
        catch (SocketException)
        {
            return null;
        }
    }
}
