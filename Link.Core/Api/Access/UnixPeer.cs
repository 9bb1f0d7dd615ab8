using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Link.Core.Api.Access;

/// <summary>The process at the other end of a Unix socket, as the kernel knows it (unix(7)): its effective user and group, and its other groups.</summary>
internal sealed record UnixPeer(uint Uid, uint Gid, IReadOnlyList<uint> Groups)
{
    private const int SOL_SOCKET = 1;
    private const int SO_PEERCRED = 17;
    private const int SO_PEERGROUPS = 59;

    // struct ucred: pid, uid, gid.
    private const int UcredBytes = 12;

    // NGROUPS_MAX, of four bytes each.
    private const int MostGroupBytes = 65536 * sizeof(uint);
    private const int FewGroupBytes = 256 * sizeof(uint);

    /// <summary>Of a connection; of a socket that listens, the process that made it listen.</summary>
    /// <exception cref="SocketException">The socket is none of these.</exception>
    public static UnixPeer Of(Socket socket)
    {
        Span<byte> ucred = stackalloc byte[UcredBytes];
        socket.GetRawSocketOption(SOL_SOCKET, SO_PEERCRED, ucred);
        return new UnixPeer(MemoryMarshal.Read<uint>(ucred[4..]), MemoryMarshal.Read<uint>(ucred[8..]), GroupsOf(socket));
    }

    private static uint[] GroupsOf(Socket socket)
    {
        foreach (int size in (ReadOnlySpan<int>)[FewGroupBytes, MostGroupBytes])
        {
            byte[] gids = new byte[size];
            try
            {
                int length = socket.GetRawSocketOption(SOL_SOCKET, SO_PEERGROUPS, gids);
                return MemoryMarshal.Cast<byte, uint>(gids.AsSpan(0, length)).ToArray();
            }
            catch (SocketException)
            {
                // ERANGE: more than there is room for. Anything else: a kernel before 4.13 has no such option.
            }
        }

        return [];
    }
}
