using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Link.Core.Api;
using Link.Core.Api.Access;
using Link.Core.Net.Linux;
using Link.Tests.Bed;
using Link.Tests.Support;
using Xunit;
using Outcome = Link.Core.Api.Outcome;

namespace Link.Tests.Api.Access;

/// <summary>The tests run as root, and so do the agents in them.</summary>
public sealed class LocalClientsTests : IDisposable
{
    private const string Id = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";
    private const string Stranger = "61234";
    private const string Advice = ": use sudo or the Unix socket, join the group link, or set PASSWORD (or LOOPBACK=open)";

    // nobody and nogroup, which every Debian has.
    private const uint Nobody = 65_534;

    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::1", "[::1]")]
    [InlineData("::", "127.0.0.1")]
    [InlineData("::", "127.1.2.3")]
    [InlineData("::", "[::1]")]
    public async Task Over_TCP_without_credentials_another_user_may_read_and_nothing_else(string bind, string host)
    {
        await using RunningApi api = await StartAsync(bind);
        foreach (ApiRoute route in ApiRoutes.All)
        {
            string path = route.Path.Replace("{id}", Id, StringComparison.Ordinal);
            (int status, string body) = await AskAsync(api, host, route.Method, path, "--reuid", Stranger, "--regid", Stranger, "--clear-groups");
            if (route.Role == Role.Read)
            {
                Assert.NotInRange(status, 400, 403);
            }
            else
            {
                Assert.Equal((403, true), (status, body.StartsWith($"{{\"error\":\"uid {Stranger} has role read; this needs {RoleWord.Of(route.Role)}{Advice}\"", StringComparison.Ordinal)));
            }

            Assert.NotEqual(403, (await AskAsync(api, host, route.Method, path, "--reuid", "0")).Status);
        }
    }

    [Fact]
    public async Task LOOPBACK_open_and_a_client_CA_make_everybody_an_admin_as_it_was()
    {
        await using RunningApi api = await StartAsync("127.0.0.1", LoopbackPolicy.Open);
        Assert.Equal(409, (await AskAsync(api, "127.0.0.1", "POST", "/drain", "--reuid", Stranger, "--regid", Stranger, "--clear-groups")).Status);
        Assert.Null(LocalClients.For(new ApiOptions { Version = "1", ClientCaFile = "/ca" }, (_, _) => { }));
    }

    [Fact]
    public async Task Nothing_is_asked_of_the_kernel_where_there_are_credentials()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { Password = "secret" });
        (int status, _) = await AskAsync(api, "127.0.0.1", "POST", "/drain", "--reuid", Stranger, "--regid", Stranger, "--clear-groups");
        Assert.Equal(401, status);
        Assert.NotEqual(401, (await AskAsync(api, ":secret@127.0.0.1", "POST", "/drain", "--reuid", Stranger, "--regid", Stranger, "--clear-groups")).Status);
    }

    [Theory]
    [InlineData(Nobody, Role.Admin)]
    [InlineData(61_234u, Role.Read)]
    [InlineData(0u, Role.Admin)]
    internal async Task A_member_of_the_group_is_an_admin_by_its_primary_group_too(uint uid, Role role)
    {
        LocalAdmins admins = new(_folder.Write("group", $"link:x:{Nobody}:\n"));
        using Pair pair = await Pair.ConnectAsync(IPAddress.Loopback);
        Caller caller = await new LocalClients(admins, Unexpected, (_, _) => new TcpOwner(0, uid)).FindAsync(pair.Connection(), Cancel);
        Assert.Equal((role, $"uid {uid}"), (caller.Role, caller.Name));
    }

    [Theory]
    [InlineData(Errno.ENOENT, "the kernel lacks tcp_diag")]
    [InlineData(Errno.EPERM, "sock_diag: Operation not permitted")]
    [InlineData(Errno.EMFILE, "sock_diag: Too many open files")]
    public async Task Whom_the_kernel_does_not_name_may_read_and_the_log_says_so_once(int errno, string reason)
    {
        List<string> log = [];
        LocalClients clients = new(new LocalAdmins(), (line, _) => log.Add(line), (_, _) => new TcpOwner(errno, 0));
        using Pair pair = await Pair.ConnectAsync(IPAddress.Loopback);
        for (int i = 0; i < 3; i++)
        {
            Assert.Equal(Role.Read, (await clients.FindAsync(pair.Connection(), Cancel)).Role);
        }

        Assert.Contains(reason, Assert.Single(log), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_has_gone_may_read_whoever_has_its_port_now(bool abort)
    {
        LocalClients clients = new(new LocalAdmins(), Unexpected, (_, _) => new TcpOwner(0, 0));
        using Pair pair = await Pair.ConnectAsync(IPAddress.Loopback);
        pair.Client.LingerState = new LingerOption(abort, 0);
        pair.Client.Dispose();
        await Until.TrueAsync(() => !TcpOwners.IsEstablished(pair.Accepted));
        Assert.Equal(Role.Read, (await clients.FindAsync(pair.Connection(), Cancel)).Role);
    }

    [Fact]
    public async Task A_connection_is_looked_up_once()
    {
        int asked = 0;
        LocalClients clients = new(new LocalAdmins(), Unexpected, (_, _) => new TcpOwner(0, (uint)asked++));
        using Pair pair = await Pair.ConnectAsync(IPAddress.Loopback);
        ConnectionOriginFeature connection = pair.Connection();
        Assert.Equal("uid 0", (await clients.FindAsync(connection, Cancel)).Name);
        Assert.Equal("uid 0", (await clients.FindAsync(connection, Cancel)).Name);
        Assert.Equal("uid 1", (await clients.FindAsync(pair.Connection(), Cancel)).Name);
    }

    [Fact]
    public async Task Whoever_comes_from_elsewhere_was_let_in_by_BIND_and_whoever_comes_from_an_own_address_is_of_this_host()
    {
        IPAddress? own = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(link => link.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
        Assert.SkipWhen(own is null, "this host has no other address than loopback's");
        using Pair pair = await Pair.ConnectAsync(own!);
        Assert.Equal("uid 0", (await new LocalClients(new LocalAdmins(), Unexpected).FindAsync(pair.Connection(), Cancel)).Name);

        async Task<Caller> FindAsync(int errno, Func<IPAddress, bool?>? isLocal) =>
            await new LocalClients(new LocalAdmins(), (_, _) => { }, (_, _) => new TcpOwner(errno, Nobody), isLocal).FindAsync(pair.Connection(), Cancel);
        Assert.Equal(Role.Read, (await FindAsync(0, null)).Role);
        Assert.Equal(Role.Read, (await FindAsync(Errno.ENOENT, null)).Role);
        Assert.Equal(Role.Read, (await FindAsync(0, _ => null)).Role);
        Assert.Equal(new Caller("anyone", Role.Admin), await FindAsync(0, _ => false));
    }

    private static void Unexpected(string line, Exception? fault) => Assert.Fail(line);

    private static async Task<RunningApi> StartAsync(string bind, LoopbackPolicy loopback = LoopbackPolicy.Owner)
    {
        RunningApi api = await RunningApi.StartAsync(options => options with { Addresses = [IPAddress.Parse(bind)], Loopback = loopback });
        api.Agent.Have(FakeAgent.Arp(Id, "10.0.0.1/32"));
        api.Agent.Command = _ => Task.FromResult(new Outcome(OutcomeStatus.Conflict, "reached"));
        return api;
    }

    /// <summary>Asks from a process of another user.</summary>
    private static async Task<(int Status, string Body)> AskAsync(RunningApi api, string host, string method, string path, params string[] identity)
    {
        string[] command =
        [
            .. identity, Programs.Find("curl"), "--silent", "--max-time", "20", "--request", method, "--write-out", "%{http_code}",
            $"http://{host}:{api.Server.Listening[0].Port}{path}",
        ];
        (int code, string output, string error) = await Tool.TryAsync(Programs.Find("setpriv"), command);
        Assert.True(code == 0, $"{code}: {error}{output}");
        return (int.Parse(output[^3..], CultureInfo.InvariantCulture), output[..^3]);
    }

    /// <summary>A connection within this process.</summary>
    private sealed class Pair(Socket client, Socket accepted) : IDisposable
    {
        public Socket Client { get; } = client;

        public Socket Accepted { get; } = accepted;

        public static async Task<Pair> ConnectAsync(IPAddress address)
        {
            using Socket listener = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            listener.Bind(new IPEndPoint(address, 0));
            listener.Listen();
            Socket client = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            await client.ConnectAsync(listener.LocalEndPoint!, Cancel);
            return new Pair(client, await listener.AcceptAsync(Cancel));
        }

        public ConnectionOriginFeature Connection() => new(ConnectionOrigin.Tcp, IPAddress.None) { Socket = Accepted };

        public void Dispose()
        {
            Client.Dispose();
            Accepted.Dispose();
        }
    }
}
