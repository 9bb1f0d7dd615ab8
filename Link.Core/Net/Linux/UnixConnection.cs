using System.Net.Sockets;
using System.Runtime.InteropServices;
using static Link.Core.Net.Linux.SysSocket;

namespace Link.Core.Net.Linux;

/// <summary>Who is at the other end of a connection that was accepted on a Unix socket, unix(7).</summary>
internal static class UnixConnection
{
    /// <returns>Why the other end is neither root nor the user whom the socket's file belongs to; null: it is.</returns>
    public static string? PeerFault(Socket connection)
    {
        if (connection.AddressFamily != AddressFamily.Unix)
            return "not a connection to a Unix socket";
        Span<ucred> peer = stackalloc ucred[1];
        connection.GetRawSocketOption(SOL_SOCKET, SO_PEERCRED, MemoryMarshal.AsBytes(peer));
        string path = connection.LocalEndPoint?.ToString() ?? "";
        if (!path.StartsWith('/') || FileStatus.Read(path, out _) is not { } file)
            return $"the socket \"{path}\" has no file that says whose it is";
        return peer[0].uid == 0 || peer[0].uid == file.Owner ? null : $"user {peer[0].uid} is not the one whom {path} belongs to";
    }
}
