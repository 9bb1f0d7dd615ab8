using Link.Core.Api;
using Link.Core.Api.Access;
using Link.Tests.Bed;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Api.Access;

/// <summary>The tests run as root, and so do the agents in them.</summary>
public sealed class LocalAdminsTests : IDisposable
{
    private const uint Stranger = 61_234;
    private const uint Group = 61_235;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(0, 5, true)]
    [InlineData(Stranger, 5, false)]
    [InlineData(Stranger, Group, true)]
    [InlineData(Stranger, 5, true, "5,61235")]
    [InlineData(Stranger, 5, false, "6,7")]
    [InlineData(800, 5, true)]
    [InlineData(Stranger, 800, false)]
    public void Root_the_agent_s_own_user_and_members_of_the_group_come_in(uint uid, uint gid, bool included, string groups = "")
    {
        string file = _folder.Write("group", $"root:x:0:\nlinked:x:{Stranger}:\nlink:x:{Group}:alice,bob\n");
        UnixPeer peer = new(uid, gid, [.. groups.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(uint.Parse)]);
        Assert.Equal(included, new LocalAdmins(file).Include(peer, new UnixPeer(800, 800, [])));
    }

    [Theory]
    [InlineData("root:x:0:\n")]
    [InlineData("link:x:\n")]
    [InlineData("link\n")]
    [InlineData("link:x:-1:\n")]
    [InlineData(null)]
    public void Without_a_group_of_that_name_it_is_the_agent_s(string? text)
    {
        LocalAdmins admins = new(text is null ? _folder.File("absent") : _folder.Write("group", text));
        UnixPeer agent = new(800, 801, [802]);
        Assert.True(admins.Include(new UnixPeer(Stranger, 801, []), agent));
        Assert.False(admins.Include(new UnixPeer(Stranger, 802, [802]), agent));
    }

    [Fact]
    public async Task A_stranger_whom_the_file_would_let_in_is_refused_on_every_route()
    {
        await using RunningApi api = await StartOpenAsync();
        foreach (string path in new[] { "/version", "/endpoints", "/nothing" })
        {
            Assert.Equal(
                (403, $"{{\"error\":\"uid {Stranger} may not use this socket: use sudo, or join the group link\"}}\n"),
                await AskAsync(api, path, "--reuid", $"{Stranger}", "--regid", $"{Stranger}", "--clear-groups"));
        }

        (int status, string body) = await AskAsync(api, "/ips", "--reuid", $"{Stranger}", "--regid", $"{Stranger}", "--clear-groups");
        Assert.Equal((403, true), (status, body.Contains("\"msg\":", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Members_of_the_group_and_root_come_in()
    {
        // Where there is no group link it is the agent's own, which is root's here.
        string group = File.ReadLines("/etc/group").Select(line => line.Split(':')).FirstOrDefault(line => line[0] == "link")?[2] ?? "0";
        await using RunningApi api = await StartOpenAsync();
        Assert.Equal(200, (await AskAsync(api, "/version", "--reuid", $"{Stranger}", "--regid", group, "--clear-groups")).Status);
        Assert.Equal(200, (await AskAsync(api, "/version", "--reuid", $"{Stranger}", "--regid", $"{Stranger}", "--groups", $"5,{group},61236")).Status);
        string many = string.Join(',', Enumerable.Range(70_000, 1000).Append(int.Parse(group, System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(200, (await AskAsync(api, "/version", "--reuid", $"{Stranger}", "--regid", $"{Stranger}", "--groups", many)).Status);
        Assert.Equal(200, (await AskAsync(api, "/version", "--reuid", "0")).Status);
    }

    /// <summary>An agent whose socket everybody may connect to.</summary>
    private async Task<RunningApi> StartOpenAsync()
    {
        RunningApi api = await RunningApi.StartAsync(options => options with { SocketPath = _folder.File("link.sock"), Password = "secret" });
        TemporaryFolder.OpenToAll(_folder.Path);
        TemporaryFolder.OpenToAll(api.Server.ListeningSocket!);
        return api;
    }

    /// <summary>Asks from a process of another user.</summary>
    private static async Task<(int Status, string Body)> AskAsync(RunningApi api, string path, params string[] identity)
    {
        string[] command = [.. identity, Programs.Find("curl"), "--silent", "--max-time", "20", "--unix-socket", api.Server.ListeningSocket!, "--write-out", "%{http_code}", $"http://link{path}"];
        (int code, string output, string error) = await Tool.TryAsync(Programs.Find("setpriv"), command);
        Assert.True(code == 0, $"{code}: {error}{output}");
        return (int.Parse(output[^3..], System.Globalization.CultureInfo.InvariantCulture), output[..^3]);
    }
}
