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
