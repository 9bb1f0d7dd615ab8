using Link.Core.Api.Access;
using Link.Tests.Api;
using Link.Tests.Bed;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>Certificates, users and the Unix socket of the executable as it is published.</summary>
public sealed class AccessTests : EndToEndTest, IClassFixture<LoneBed>
{
    private const int UsageError = 2;
    private const string Stranger = "61234";

    private readonly TemporaryFolder _folder = new();
    private readonly PemAuthority _authority;
    private readonly string _certificate;
    private readonly string _key;
    private readonly string _users;

    public AccessTests(LoneBed bed, ITestOutputHelper output)
        : base(bed, output)
    {
        _authority = new PemAuthority(_folder, "authority");
        (_certificate, _key) = _authority.Issue("agent");
        _users = _folder.Write("users", TestUsers.Line("bob", Role.Read, "bob's"));
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Files_of_the_API_that_cannot_be_used_are_faults_of_the_configuration()
    {
        File.WriteAllText(_key, "nonsense");
        File.WriteAllText(_users, "bob:read:hunter2\n");
        foreach (string[] arguments in new string[][] { ["agent"], ["agent", "--check-config"] })
        {
            var (code, _, error) = await Tool.TryAsync(Programs.Link, arguments, environment: Environment());
            Assert.Equal(UsageError, code);
            Assert.Contains($"\n  certificate file {_key}: not usable: ", error, StringComparison.Ordinal);
            Assert.Contains($"\n  users file {_users}: line 1: the hash is not of the form", error, StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Checking_the_configuration_warns_of_what_the_files_say()
    {
        _authority.Issue("agent", end: 3);
        var (code, output, error) = await Tool.TryAsync(Programs.Link, ["agent", "--check-config"], environment: Environment());
        Assert.Equal(0, code);
        Assert.Contains($"API_TLS_CERT={_certificate} (environment)", output, StringComparison.Ordinal);
        Assert.Contains($"certificate file {_certificate}: expires at ", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_executable_serves_https_to_its_users_and_takes_up_new_files_on_SIGHUP()
    {
        ChildProcess agent = ChildProcess.Start(Bed.Host(1).Namespace, Programs.Link, ["agent"], Environment(), Path.Combine(Bed.Folder, "access.log"));
        try
        {
            string[] bob = ["--host", "https://127.0.0.1:1315", "--tls-ca", _authority.CaFile, "--user", "bob", "--password-file", _folder.Write("password", "bob's\n")];
            await Wait.UntilAsync("https", async () => (await ClientAsync([.. bob, "version"])).Code == 0, Patience);
            Assert.Equal((1, "link-client: user bob has role read; this needs operate\n"), await FailAsync([.. bob, "drain"]));

            var (_, line, _) = await Tool.TryAsync(Programs.LinkClient, ["hash-password", "--user", "bob", "--role", "operate"], "bob's\n", new Dictionary<string, string>());
            File.WriteAllText(_users, line);
            using PemAuthority next = new(_folder, "next");
            (string certificate, string key) = next.Issue("renewed");
            File.Copy(certificate, _certificate, overwrite: true);
            File.Copy(key, _key, overwrite: true);
            agent.Signal(1);
            await Wait.UntilAsync("word of the files", () => agent.ReadLog().Contains("certificates and users are read again", StringComparison.Ordinal), Patience);
            Assert.Equal(3, (await ClientAsync([.. bob, "version"])).Code);
            bob[3] = next.CaFile;
            var (code, text, error) = await ClientAsync([.. bob, "undrain"]);
            Assert.True(code == 0, text + error);

            // The socket's file lets no stranger connect; one who could is refused by the agent.
            string[] stranger = ["--reuid", Stranger, "--regid", Stranger, "--clear-groups", Programs.Find("curl"), "-s", "--unix-socket", SocketPath, "http://link/version"];
            Assert.Equal(7, (await Tool.TryAsync(Programs.Find("setpriv"), stranger)).Code);
            TemporaryFolder.OpenToAll(_folder.Path);
            TemporaryFolder.OpenToAll(SocketPath);
            Assert.Contains($"uid {Stranger} may not use this socket", (await Tool.TryAsync(Programs.Find("setpriv"), stranger)).Output, StringComparison.Ordinal);
            Assert.Equal(0, (await ClientAsync("--socket", SocketPath, "version")).Code);
            Assert.True(agent.Runs);
        }
        finally
        {
            agent.Kill();
        }
    }

    /// <summary>The agent runs as user link, as in its package; users and groups are files of its own.</summary>
    [Fact]
    public async Task Over_TCP_without_credentials_root_the_agent_s_user_and_the_group_change_something_and_others_read()
    {
        const UnixFileMode forAll = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        string passwd = _folder.Write("passwd", """
            root:x:0:0::/root:/bin/sh
            link:x:61300:61301::/:/bin/false
            alice:x:61302:61309::/:/bin/false
            carol:x:61303:61301::/:/bin/false
            eve:x:61304:61309::/:/bin/false

            """, forAll);
        string group = _folder.Write("group", "root:x:0:\nlink:x:61301:bob,alice\nusers:x:61309:\n", forAll);
        string command = $"mount --bind {passwd} /etc/passwd && mount --bind {group} /etc/group && exec {Programs.Find("setpriv")} --reuid 61300 --regid 61301 --clear-groups"
            + $" --inh-caps=-all,+net_admin,+net_raw --ambient-caps=-all,+net_admin,+net_raw {Programs.Link} agent";
        Dictionary<string, string> environment = new()
        {
            ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin",
            ["HOSTNAME"] = "owner",
            ["INTERFACE"] = "lo",
            ["PORT"] = "1316",
            ["ETCD_HOSTS"] = Bed.Etcd[0].Url,
            ["SOCKET"] = "none",
        };
        ChildProcess agent = ChildProcess.Start(Bed.Host(1).Namespace, Programs.Find("unshare"), ["--mount", "/bin/sh", "-c", command], environment, Path.Combine(Bed.Folder, "owner.log"));
        try
        {
            await Wait.UntilAsync("API", async () => (await ClientAsync("--host", "127.0.0.1:1316", "version")).Code == 0, Patience);
            foreach (string host in new[] { "127.0.0.1", "[::1]" })
            {
                foreach (string uid in new[] { "0", "61300", "61302", "61303" })
                {
                    Assert.StartsWith("20", await AskAsync(uid, host, "POST", "/undrain"), StringComparison.Ordinal);
                }

                foreach (string uid in new[] { "61304", "65534", Stranger })
                {
                    Assert.Equal("200", await AskAsync(uid, host, "GET", "/endpoints"));
                    Assert.Equal("403", await AskAsync(uid, host, "POST", "/undrain"));
                    Assert.Equal("403", await AskAsync(uid, host, "POST", "/endpoints"));
                    Assert.Equal("403", await AskAsync(uid, host, "DELETE", "/endpoints/vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf"));
                }
            }

            Assert.True(agent.Runs);
        }
        finally
        {
            agent.Kill();
        }
    }

    /// <summary>The status that a user's curl gets. Its group is one that says nothing, as it is with a program that changed only its user.</summary>
    private async Task<string> AskAsync(string uid, string host, string method, string path)
    {
        string[] body = path == "/endpoints" && method == "POST" ? ["--json", """{"plugin":"webhook","plugin_config":{"url":"http://127.0.0.1/","resource_id":"r","secret":"s"}}"""] : [];
        return await Tool.RunAsync("ip",
        [
            "netns", "exec", Bed.Host(1).Namespace.Name, Programs.Find("setpriv"), "--reuid", uid, "--regid", Stranger, "--clear-groups", Programs.Find("curl"), "--silent", "--max-time", "30",
            "--request", method, .. body, "--output", "/dev/null", "--write-out", "%{http_code}", $"http://{host}:1316{path}",
        ]);
    }

    private string SocketPath => _folder.File("link.sock");

    private Dictionary<string, string> Environment() => new()
    {
        ["HOSTNAME"] = "access",
        ["INTERFACE"] = "lo",
        ["PORT"] = "1315",
        ["BIND"] = "127.0.0.1",
        ["ETCD_HOSTS"] = Bed.Etcd[0].Url,
        ["SOCKET"] = SocketPath,
        ["API_TLS_CERT"] = _certificate,
        ["API_TLS_KEY"] = _key,
        ["API_USERS_FILE"] = _users,
    };

    private async Task<(int Code, string Error)> FailAsync(params string[] arguments)
    {
        var (code, _, error) = await ClientAsync(arguments);
        return (code, error);
    }

    private Task<(int Code, string Output, string Error)> ClientAsync(params string[] arguments) =>
        Tool.TryAsync(Programs.Find("ip"), ["netns", "exec", Bed.Host(1).Namespace.Name, Programs.LinkClient, .. arguments]);
}
