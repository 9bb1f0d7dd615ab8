using System.Net;
using System.Net.Sockets;
using Link.Core.Net.Linux;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.Net.Linux;

/// <summary>The tests run as root, other users are processes of theirs.</summary>
public sealed class TcpOwnersTests
{
    private const uint Stranger = 61_234;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("127.0.0.1", "127.0.0.9")]
    [InlineData("::1", "::1")]
    [InlineData("::", "127.0.0.1")]
    [InlineData("::", "::ffff:127.0.0.1")]
    [InlineData("::", "::1")]
    public async Task The_other_end_s_user_is_found(string listen, string connect)
    {
        using Socket listener = Listen(IPAddress.Parse(listen.Replace("127.0.0.1", connect.StartsWith("127", StringComparison.Ordinal) ? connect : "127.0.0.1", StringComparison.Ordinal)));
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        string host = connect.Contains(':', StringComparison.Ordinal) ? $"[{connect}]" : connect;
        Task<(int Code, string Output, string Error)> curl = Tool.TryAsync(Programs.Find("setpriv"),
            ["--reuid", $"{Stranger}", "--regid", $"{Stranger}", "--clear-groups", Programs.Find("curl"), "--silent", "--max-time", "60", $"http://{host}:{port}/"]);
        using Socket accepted = await listener.AcceptAsync(Cancel);
        Assert.Equal(new TcpOwner(0, Stranger), Find(accepted));
        Assert.True(TcpOwners.IsEstablished(accepted));
        await accepted.SendAsync("HTTP/1.0 200 OK\r\n\r\n"u8.ToArray(), Cancel);
        accepted.Close();
        await curl;
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_socket_of_IPv6_that_speaks_IPv4_is_found_too(bool mapped)
    {
        using Socket listener = Listen(mapped ? IPAddress.IPv6Any : IPAddress.Loopback);
        using Socket client = new(SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(IPAddress.Loopback, ((IPEndPoint)listener.LocalEndPoint!).Port, Cancel);
        using Socket accepted = await listener.AcceptAsync(Cancel);
        Assert.Equal(new TcpOwner(0, 0), Find(accepted));
    }

    [Theory]
    [InlineData(SocketShutdown.Send)]
    [InlineData(SocketShutdown.Both)]
    public async Task Whoever_has_ended_its_side_is_nobody_and_not_root(SocketShutdown how)
    {
        using Socket listener = Listen(IPAddress.Loopback);
        (Socket client, Socket accepted) = await ConnectAsync(listener);
        client.Shutdown(how);
        await Wait.UntilAsync("the end", () => !TcpOwners.IsEstablished(accepted), TimeSpan.FromSeconds(30));
        Assert.Equal(Errno.ENOENT, Find(accepted).Error);
        client.Dispose();
        Assert.Equal(Errno.ENOENT, Find(accepted).Error);
        accepted.Dispose();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Whoever_is_gone_is_nobody_and_not_who_listens_at_its_port(bool abort)
    {
        using Socket listener = Listen(IPAddress.Loopback);
        (Socket client, Socket accepted) = await ConnectAsync(listener);
        EndPoint was = client.LocalEndPoint!;
        IPEndPoint server = (IPEndPoint)accepted.LocalEndPoint!;
        client.LingerState = new LingerOption(abort, 0);
        client.Dispose();
        await Wait.UntilAsync("the end", () => !TcpOwners.IsEstablished(accepted), TimeSpan.FromSeconds(30));
        Assert.Equal(Errno.ENOENT, TcpOwners.Find((IPEndPoint)was, server).Error);
        accepted.Dispose();
        Assert.Equal(Errno.ENOENT, TcpOwners.Find((IPEndPoint)was, server).Error);
        if (!abort)
        {
            // The port waits, and nobody can have it.
            return;
        }

        using Socket later = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        later.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        later.Bind(was);
        later.Listen();
        Assert.Equal(Errno.ENOENT, TcpOwners.Find((IPEndPoint)was, server).Error);
    }

    [Fact]
    public async Task A_client_that_closes_at_any_moment_is_never_taken_for_root()
    {
        // Another user's process connects and closes without a pause; whatever the kernel answers meanwhile, it is that user or nobody.
        using Socket listener = Listen(IPAddress.Loopback);
        int port = ((IPEndPoint)listener.LocalEndPoint!).Port;
        const string script = "for i in $(seq 400); do exec 3<>/dev/tcp/127.0.0.1/$0; exec 3>&-; done";
        Task<(int Code, string Output, string Error)> shell = Tool.TryAsync(Programs.Find("setpriv"),
            ["--reuid", $"{Stranger}", "--regid", $"{Stranger}", "--clear-groups", Programs.Find("bash"), "-c", script, $"{port}"]);
        int found = 0;
        for (int i = 0; i < 400; i++)
        {
            using Socket accepted = await listener.AcceptAsync(Cancel);
            for (int j = 0; j < 20; j++)
            {
                TcpOwner owner = Find(accepted);
                Assert.True(owner is { Error: Errno.ENOENT } or { Error: 0, Uid: Stranger }, $"{owner}");
                found += owner.Error == 0 ? 1 : 0;
            }
        }

        Assert.Equal(0, (await shell).Code);
        TestContext.Current.TestOutputHelper!.WriteLine($"found {found} of 8000");
    }

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.200.3.4", true)]
    [InlineData("::1", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("192.0.2.77", false)]
    [InlineData("2001:db8::77", false)]
    public void The_host_s_own_addresses_are_known(string address, bool local) => Assert.Equal(local, Routes.IsLocal(IPAddress.Parse(address)));

    [Fact]
    public void Groups_are_those_of_the_databases()
    {
        Assert.Equal(0u, UserGroups.Of(0)[0]);
        Assert.Empty(UserGroups.Of(Stranger));
        foreach (string[] user in File.ReadLines("/etc/passwd").Select(line => line.Split(':')))
        {
            IEnumerable<uint> others = File.ReadLines("/etc/group").Select(line => line.Split(':')).Where(group => group[3].Split(',').Contains(user[0])).Select(group => uint.Parse(group[2], System.Globalization.CultureInfo.InvariantCulture));
            uint primary = uint.Parse(user[3], System.Globalization.CultureInfo.InvariantCulture);
            IReadOnlyList<uint> groups = UserGroups.Of(uint.Parse(user[2], System.Globalization.CultureInfo.InvariantCulture));
            Assert.Equal(primary, groups[0]);
            Assert.Equal(others.Append(primary).Distinct().Order(), groups.Distinct().Order());
        }
    }

    private static Socket Listen(IPAddress address)
    {
        Socket listener = new(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            listener.DualMode = address.Equals(IPAddress.IPv6Any);
        }

        listener.Bind(new IPEndPoint(address, 0));
        listener.Listen(512);
        return listener;
    }

    private static async Task<(Socket Client, Socket Accepted)> ConnectAsync(Socket listener)
    {
        Socket client = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await client.ConnectAsync(listener.LocalEndPoint!, Cancel);
        return (client, await listener.AcceptAsync(Cancel));
    }

    private static TcpOwner Find(Socket accepted) => TcpOwners.Find((IPEndPoint)accepted.RemoteEndPoint!, (IPEndPoint)accepted.LocalEndPoint!);
}
