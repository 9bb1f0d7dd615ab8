using System.Net.Sockets;
using System.Text;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

public sealed class ExecutableTests(LoneBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<LoneBed>
{
    private const int UsageError = 2;

    [Fact]
    public void Agent_and_client_are_one_file_of_at_most_twelve_megabytes() =>
        Assert.InRange(new FileInfo(Programs.Link).Length, 1, 12_000_000);

    [Theory]
    [InlineData("agent --no-such-flag")]
    [InlineData("no-such-verb")]
    public async Task A_wrong_command_line_ends_with_2_and_names_what_is_wrong(string arguments)
    {
        var (code, _, error) = await Tool.TryAsync(Programs.Link, arguments.Split(' '), environment: Environment());
        Assert.Equal(UsageError, code);
        Assert.Contains(arguments.Split(' ')[^1], error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bad_configuration_ends_with_2_and_names_every_fault_at_once()
    {
        var environment = Environment();
        environment["KEEPALIVE_INTERVAL"] = "3";
        environment["PORT"] = "many";
        environment["ETCD_HOSTS"] = "not a url";
        environment["SECRET_STORAGE_ENCRYPTION_KEY"] = "short";
        var (code, text, error) = await Tool.TryAsync(Programs.Link, ["agent"], environment: environment);
        Assert.Equal(UsageError, code);
        foreach (var name in new[] { "KEEPALIVE_INTERVAL", "PORT", "ETCD_HOSTS", "SECRET_STORAGE_ENCRYPTION_KEY" })
            Assert.Contains(name, text + error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", text + error, StringComparison.Ordinal);
        Assert.DoesNotContain("short", text + error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("net_raw", "change addresses")]
    [InlineData("net_admin", "open a packet socket")]
    public async Task Without_a_capability_that_it_needs_the_agent_ends_with_1_and_says_so(string only, string tried)
    {
        var environment = Environment();
        environment["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin";
        environment["ETCD_HOSTS"] = "http://127.0.0.1:2379";
        environment["SOCKET"] = "none";
        var (code, _, error) = await Tool.TryAsync("ip",
        [
            "netns", "exec", Bed.Host(1).Namespace.Name, Programs.Find("setpriv"), "--reuid=65534", "--regid=65534", "--clear-groups",
            $"--inh-caps=-all,+{only}", $"--ambient-caps=-all,+{only}", Programs.Link, "agent",
        ], environment: environment);
        Assert.Equal(1, code);
        Assert.Contains($"{tried}: Operation not permitted (errno 1); it needs CAP_NET_ADMIN and CAP_NET_RAW", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task When_systemd_is_told_that_the_agent_is_ready_it_knows_its_endpoints_unless_etcd_is_silent()
    {
        await Bed.StartAgentsAsync();
        var host = Bed.Host(1);
        var id = await host.Api.AddAsync(TestBed.Vip);
        await host.StopAgentAsync();
        var (path, log) = (Path.Combine(Bed.Folder, "notify"), Path.Combine(Bed.Folder, "ready.log"));
        using Socket systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        systemd.Bind(new UnixDomainSocketEndPoint(path));
        var environment = Environment();
        environment["HOSTNAME"] = host.Name;
        environment["INTERFACE"] = AgentHost.Interface;
        environment["NOTIFY_SOCKET"] = path;
        environment["SOCKET"] = "none";

        // Joining may take a slow machine longer than the agent lets systemd wait.
        for (var ready = ""; ready != "READY=1";)
        {
            var agent = ChildProcess.Start(host.Namespace, Programs.Link, ["agent"], new Dictionary<string, string>(environment) { ["ETCD_HOSTS"] = Bed.Etcd[0].Url }, log);
            try
            {
                ready = await ReadyAsync(systemd);
                if (ready == "READY=1")
                    Assert.Equal((200, "ACTIVATED"), ((await host.Api.GetAsync("/health")).Status, await host.Api.StateAsync(id)));
            }
            finally
            {
                agent.Kill();
                await agent.WaitForExitAsync(Patience);
            }
        }

        var lonely = ChildProcess.Start(host.Namespace, Programs.Link, ["agent"], new Dictionary<string, string>(environment) { ["ETCD_HOSTS"] = "http://127.0.0.1:1" }, log);
        try
        {
            Assert.Equal("READY=1\nSTATUS=joining the cluster", await ReadyAsync(systemd));
        }
        finally
        {
            lonely.Kill();
        }
    }

    [Fact]
    public async Task The_unix_socket_is_for_its_owner_and_group_only()
    {
        await Bed.StartAgentsAsync();
        await Wait.UntilAsync("socket", () => File.Exists(Bed.Host(1).Socket), Patience);
        const UnixFileMode expected = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;
        Assert.Equal(expected, new FileInfo(Bed.Host(1).Socket).UnixFileMode);
    }

    [Fact]
    public async Task Addresses_are_removed_when_no_agent_runs_and_never_under_one_that_does()
    {
        var election = await Bed.ElectAsync();
        var host = election.Holder;
        Task<(int Code, string Output, string Error)> RemoveAsync() =>
            Tool.TryAsync("ip", ["netns", "exec", host.Namespace.Name, Programs.Link, "agent", "--remove-addresses"], environment: new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin" });

        var (code, _, error) = await RemoveAsync();
        Assert.Equal(1, code);
        Assert.Contains("an agent runs", error, StringComparison.Ordinal);
        Assert.True(Bed.Addresses.IsPresent(host.Number, TestBed.Vip));

        Assert.Equal(0, await host.StopAgentAsync());
        Assert.Equal((0, "1 address removed\n", ""), await RemoveAsync());
        await Wait.UntilAsync("the end of the address", () => !Bed.Addresses.IsPresent(host.Number, TestBed.Vip), Patience);
        Assert.True(Bed.Addresses.IsPresent(host.Number, host.Address));
    }

    [Fact]
    public async Task A_second_agent_that_finds_the_socket_in_use_leaves_it_alone_and_says_so()
    {
        await Bed.StartAgentsAsync();
        var first = Bed.Host(1).Agent!;
        var log = Path.Combine(Bed.Folder, "second.log");
        var second = ChildProcess.Start(Bed.Host(1).Namespace, Programs.Link, ["agent"],
            new Dictionary<string, string>
            {
                ["HOSTNAME"] = "second",
                ["INTERFACE"] = "lo",
                ["PORT"] = "1314",
                ["ETCD_HOSTS"] = Bed.Etcd[0].Url,
                ["SOCKET"] = Bed.Host(1).Socket,
                ["STATE_DIR"] = Path.Combine(Bed.Folder, "state-second"),
            }, log);
        try
        {
            await Wait.UntilAsync("word of the socket in the second agent's log",
                () => second.ReadLog().Split('\n').Any(line => line.Contains(Bed.Host(1).Socket, StringComparison.Ordinal) && line.Contains("warning", StringComparison.Ordinal)), Patience);
        }
        finally
        {
            second.Kill();
        }
        Assert.True(first.Runs);
        Assert.True(File.Exists(Bed.Host(1).Socket));
        var (code, text, error) = await ClientAsync("--socket", Bed.Host(1).Socket, "ips", "list");
        Assert.True(code == 0, text + error);
    }

    [Fact]
    public async Task The_client_adds_shows_and_deletes_an_address_over_the_socket()
    {
        await Bed.StartAgentsAsync();
        await OkAsync("ips", "add", $"{TestBed.Vip}/32");
        await Wait.UntilAsync("address", () => Bed.HoldersOf(TestBed.Vip).Count == 1, Patience);
        Assert.Contains(TestBed.Vip.ToString(), await OkAsync("ips", "list"), StringComparison.Ordinal);
        var id = (await Bed.Host(1).Api.StatesAsync()).Keys.Single();
        await Wait.UntilAsync("ACTIVATED", async () => (await OkAsync("ips", "show", id)).Contains("ACTIVATED", StringComparison.Ordinal), Patience);
        await OkAsync("ips", "delete", id);
        Assert.Empty(Bed.HoldersOf(TestBed.Vip));
    }

    [Fact]
    public async Task The_client_fails_when_the_agent_refuses()
    {
        await Bed.StartAgentsAsync();
        var (code, _, error) = await ClientAsync("--socket", Bed.Host(1).Socket, "ips", "show", "vip-00000000-0000-0000-0000-000000000000");
        Assert.NotEqual(0, code);
        Assert.NotEmpty(error);
    }

    /// <summary>What systemd is told when the start is over.</summary>
    private static async Task<string> ReadyAsync(Socket systemd)
    {
        using CancellationTokenSource deadline = new(Patience);
        var datagram = new byte[2048];
        while (true)
        {
            var text = Encoding.UTF8.GetString(datagram, 0, await systemd.ReceiveAsync(datagram, deadline.Token));
            if (text.StartsWith("READY=1", StringComparison.Ordinal))
                return text;
        }
    }

    private async Task<string> OkAsync(params string[] arguments)
    {
        var (code, text, error) = await ClientAsync(["--socket", Bed.Host(1).Socket, .. arguments]);
        Assert.True(code == 0, $"link-client {string.Join(' ', arguments)}: {code}: {text}{error}");
        return text;
    }

    private static Task<(int Code, string Output, string Error)> ClientAsync(params string[] arguments) =>
        Tool.TryAsync(Programs.LinkClient, arguments, environment: new Dictionary<string, string>());

    private static Dictionary<string, string> Environment() => new() { ["HOSTNAME"] = "h1", ["INTERFACE"] = "lo" };
}
