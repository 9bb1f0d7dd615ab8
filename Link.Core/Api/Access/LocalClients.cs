using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Link.Core.Net.Linux;

namespace Link.Core.Api.Access;

/// <summary>
/// Who comes over TCP where no credentials are asked: of a connection from this host the kernel tells whose socket the other end is, and whoever may use
/// the Unix socket is an admin, everybody else may read. Who comes from elsewhere was let in by BIND.
/// </summary>
/// <remarks>
/// A client that has gone, or whom the kernel does not name, may read. The order matters: the owner is asked first, and then whether our end is still
/// established. So the owner is that of the other end, and not of a later socket that has got the same port.
/// </remarks>
/// <param name="admins">Who may use the Unix socket.</param>
/// <param name="log">Takes one line.</param>
/// <param name="findOwner">Of the client's socket, by the client's end and ours; null: asks the kernel.</param>
/// <param name="isLocal">Whether an address is this host's own; null: asks the kernel.</param>
internal sealed class LocalClients(
    LocalAdmins admins,
    Action<string, Exception?> log,
    Func<IPEndPoint, IPEndPoint, TcpOwner>? findOwner = null,
    Func<IPAddress, bool?>? isLocal = null)
{
    // Groups may come from a directory service: few at a time, and nobody waits for long.
    private const int MostLookups = 4;

    private const string Way = "use sudo or the Unix socket, join the group link, or set PASSWORD (or LOOPBACK=open)";

    private static readonly TimeSpan s_lookupDeadline = TimeSpan.FromSeconds(2);
    private static readonly Caller s_remote = new("anyone", Role.Admin);
    private static readonly Caller s_unknown = new("a client on this host whose user is not known", Role.Read, Way);

    private readonly Func<IPEndPoint, IPEndPoint, TcpOwner> _findOwner = findOwner ?? TcpOwners.Find;
    private readonly Func<IPAddress, bool?> _isLocal = isLocal ?? Routes.IsLocal;
    private readonly UnixPeer _agent = new(Libc.geteuid(), Libc.getegid(), []);
    private readonly SemaphoreSlim _lookups = new(MostLookups);
    private int _said;

    /// <summary>Null: everybody is an admin, by LOOPBACK=open or by a certificate.</summary>
    public static LocalClients? For(ApiOptions options, Action<string, Exception?> log) =>
        options.Loopback == LoopbackPolicy.Open || options.ClientCaFile is not null ? null : new LocalClients(new LocalAdmins(), log);

    /// <summary>The caller; found once for a connection.</summary>
    public async ValueTask<Caller> FindAsync(ConnectionOriginFeature connection, CancellationToken clientGone) =>
        connection.Owner ??= await LookUpAsync(connection.Socket, clientGone);

    private async ValueTask<Caller> LookUpAsync(Socket? socket, CancellationToken clientGone)
    {
        if (Ends(socket) is not var (client, server))
        {
            return s_unknown;
        }

        if (!IPAddress.IsLoopback(client.Address) && _isLocal(client.Address) == false)
        {
            return s_remote;
        }

        TcpOwner owner = _findOwner(client, server);
        if (owner.Error != 0)
        {
            SayOnce(owner.Error);
            return s_unknown;
        }

        if (!TcpOwners.IsEstablished(socket!))
        {
            return s_unknown;
        }

        string name = string.Create(CultureInfo.InvariantCulture, $"uid {owner.Uid}");
        return await IsAdminAsync(owner.Uid, clientGone) ? new Caller(name, Role.Admin) : new Caller(name, Role.Read, Way);
    }

    private async ValueTask<bool> IsAdminAsync(uint uid, CancellationToken clientGone)
    {
        if (uid == 0 || uid == _agent.Uid)
        {
            return true;
        }

        if (!await _lookups.WaitAsync(s_lookupDeadline, clientGone))
        {
            return false;
        }

        Task<bool> lookup = Task.Run(() =>
        {
            try
            {
                return UserGroups.Of(uid) is [uint primary, ..] groups && admins.Include(new UnixPeer(uid, primary, groups), _agent);
            }
            finally
            {
                _lookups.Release();
            }
        }, CancellationToken.None);
        try
        {
            return await lookup.WaitAsync(s_lookupDeadline, clientGone);
        }
        catch (TimeoutException)
        {
            return false;
        }
    }

    private void SayOnce(int errno)
    {
        if (Interlocked.Exchange(ref _said, 1) == 0)
        {
            string reason = errno == Errno.ENOENT
                ? "it was gone already, it came through a proxy of another network namespace, or the kernel lacks tcp_diag"
                : new KernelError("sock_diag", errno).ToString();
            log($"api: the kernel did not tell whose a client's TCP socket is ({reason}); such clients on this host may read only: {Way}", null);
        }
    }

    private static (IPEndPoint Client, IPEndPoint Server)? Ends(Socket? socket)
    {
        try
        {
            return socket is { RemoteEndPoint: IPEndPoint client, LocalEndPoint: IPEndPoint server } ? (client, server) : null;
        }
        catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
        {
            return null;
        }
    }
}
