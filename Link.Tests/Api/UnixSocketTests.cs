using System.Net.Sockets;
using Link.Core.Api;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Api;

public sealed class UnixSocketTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("link-api-").FullName;

    private string SocketPath => Path.Combine(_directory, "run", "link.sock");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task It_answers_without_credentials_and_the_files_mode_guards_it()
    {
        await using RunningApi api = await StartAsync();
        Assert.Equal("1.2.3", await VersionAsync());
        Assert.Equal(401, (await api.SendAsync("GET", "/version")).Status);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal("rw-rw----", Mode(File.GetUnixFileMode(SocketPath)));
        }

        Assert.Equal([SocketPath], Directory.GetFiles(Path.GetDirectoryName(SocketPath)!));
    }

    [Fact]
    public async Task It_is_removed_on_stop()
    {
        RunningApi api = await StartAsync();
        await api.DisposeAsync();
        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public async Task What_a_dead_process_left_is_replaced()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        LeaveDeadSocket();
        await using RunningApi api = await StartAsync();
        Assert.Empty(api.Log);
        Assert.Equal("1.2.3", await VersionAsync());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Looking_who_serves_it_raises_no_exception(bool left)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(SocketPath)!);
        if (left)
        {
            LeaveDeadSocket();
        }

        using RaisedExceptions raised = new(nameof(UnixSocketFile));
        (Socket? socket, string? reason) = UnixSocketFile.Bind(SocketPath);
        socket?.Dispose();
        Assert.Null(reason);
        UnixSocketFile.Remove(SocketPath);
        Assert.Empty(raised.All);
        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public async Task A_socket_in_use_is_left_alone_and_said_in_one_line()
    {
        await using RunningApi first = await StartAsync();
        await using (RunningApi second = await StartAsync())
        {
            Assert.Equal($"api: no Unix socket: {SocketPath} belongs to another process that is alive; clients reach the agent over TCP only", Assert.Single(second.Log));
            Assert.Null(second.Server.ListeningSocket);
        }

        Assert.Equal("1.2.3", await VersionAsync());
    }

    [Fact]
    public async Task A_socket_that_another_process_took_over_is_not_removed()
    {
        RunningApi first = await StartAsync();
        File.Delete(SocketPath);
        await using RunningApi second = await StartAsync();
        await first.DisposeAsync();
        Assert.Equal("1.2.3", await VersionAsync());
    }

    [Theory]
    [InlineData("file")]
    [InlineData("directory")]
    [InlineData("parent")]
    [InlineData("long")]
    [InlineData("relative")]
    public async Task A_place_that_cannot_be_had_is_one_line_and_TCP_goes_on(string what)
    {
        string path = SocketPath;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        switch (what)
        {
            case "file":
                File.WriteAllText(path, "precious");
                break;
            case "directory":
                Directory.CreateDirectory(path);
                break;
            case "parent":
                File.WriteAllText(Path.Combine(_directory, "f"), "");
                path = Path.Combine(_directory, "f", "link.sock");
                break;
            case "long":
                path = Path.Combine(_directory, new string('x', 100));
                break;
            default:
                path = "link.sock";
                break;
        }

        await using RunningApi api = await StartAsync(path);
        Assert.StartsWith($"api: no Unix socket: {path}", Assert.Single(api.Log), StringComparison.Ordinal);
        Assert.DoesNotContain('\n', api.Log[0]);
        Assert.Equal(401, (await api.SendAsync("GET", "/version")).Status);
    }

    private Task<RunningApi> StartAsync(string? path = null) =>
        RunningApi.StartAsync(options => options with { SocketPath = path ?? SocketPath, User = "admin", Password = "secret" });

    private async Task<string> VersionAsync()
    {
        using ApiClient client = new(new ApiClientOptions { SocketPath = SocketPath });
        return await client.VersionAsync(TestContext.Current.CancellationToken);
    }

    private void LeaveDeadSocket()
    {
        string elsewhere = Path.Combine(_directory, "x");
        using Socket dead = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        dead.Bind(new UnixDomainSocketEndPoint(elsewhere));
        File.Move(elsewhere, SocketPath);
    }

    private static string Mode(UnixFileMode mode) =>
        string.Concat(Enumerable.Range(0, 9).Select(bit => ((int)mode & (256 >> bit)) != 0 ? "rwxrwxrwx"[bit] : '-'));
}
