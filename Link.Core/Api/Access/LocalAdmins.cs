using System.Globalization;
using System.Net.Sockets;
using Link.Core.Files;

namespace Link.Core.Api.Access;

/// <summary>
/// Who may use the Unix socket: root, the agent's own user, and members of the group <c>link</c>; where <c>/etc/group</c> has none of that name, of the
/// agent's own group, which is the socket file's.
/// </summary>
internal sealed class LocalAdmins(string groupFile = "/etc/group")
{
    private const string GroupName = "link";

    /// <param name="peer">Who connects.</param>
    /// <param name="agent">The agent itself.</param>
    public bool Include(UnixPeer peer, UnixPeer agent)
    {
        if (peer.Uid == 0 || peer.Uid == agent.Uid)
        {
            return true;
        }

        uint group = FindGroup() ?? agent.Gid;
        return peer.Gid == group || peer.Groups.Contains(group);
    }

    /// <summary>The caller of a connection, or null.</summary>
    public Caller? Find(Socket connection, Socket listener, out uint uid)
    {
        UnixPeer peer = UnixPeer.Of(connection);
        uid = peer.Uid;
        return Include(peer, UnixPeer.Of(listener)) ? new Caller(string.Create(CultureInfo.InvariantCulture, $"uid {uid}"), Role.Admin) : null;
    }

    /// <summary>The gid of the line <c>link:x:GID:members</c> (group(5)). Who is a member, the kernel says.</summary>
    private uint? FindGroup()
    {
        try
        {
            foreach (ReadOnlySpan<char> line in WatchedText.Read(groupFile).Text.AsSpan().EnumerateLines())
            {
                if (line.StartsWith(GroupName + ":", StringComparison.Ordinal) && line.ToString().Split(':') is [_, _, string gid, ..]
                    && uint.TryParse(gid, NumberStyles.None, CultureInfo.InvariantCulture, out uint number))
                {
                    return number;
                }
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // As if it had no such group.
        }

        return null;
    }
}
