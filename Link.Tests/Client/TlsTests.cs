using System.Net;
using Link.Core.Api;
using Link.Core.Api.Access;
using Link.Tests.Api;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Client;

public sealed class TlsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PemAuthority _authority;

    public TlsTests() => _authority = new PemAuthority(_folder, "authority");

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Https_works_with_the_authority_in_an_option_or_a_variable()
    {
        await using RunningApi api = await StartAsync(_authority.Issue("agent"));
        AssertDone(await ClientRunner.RunAsync(["version", "--host", $"https://{api.Host}", "--tls-ca", _authority.CaFile]));
        AssertDone(await ClientRunner.RunAsync(["version", "--host", $"https://{api.Host}/"], false, ("LINK_TLS_CA", _authority.CaFile)));
        AssertDone(await ClientRunner.RunAsync(["version"], false, ("LINK_HOST", $"https://localhost:{api.Server.Listening[0].Port}"), ("LINK_TLS_CA", _authority.CaFile)));
    }

    [Fact]
    public async Task Whoever_gives_an_authority_and_no_scheme_means_https()
    {
        await using RunningApi api = await StartAsync(_authority.Issue("agent"));
        AssertDone(await ClientRunner.RunAsync(api, $"version --tls-ca {_authority.CaFile}"));
    }

    [Fact]
    public async Task An_address_of_IPv6_is_checked_too()
    {
        await using RunningApi api = await StartAsync(_authority.Issue("agent"), options => options with { Addresses = [IPAddress.IPv6Loopback] });
        AssertDone(await ClientRunner.RunAsync(["version", "--host", $"https://{api.Host}", "--tls-ca", _authority.CaFile]));
        Assert.StartsWith("[::1]:", api.Host, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_that_is_not_trusted_says_what_to_give()
    {
        await using RunningApi api = await StartAsync(_authority.Issue("agent"));
        ClientResult result = await ClientRunner.RunAsync(["version", "--host", $"https://{api.Host}"]);
        Assert.Equal(3, result.Code);
        Assert.Matches($"^link-client: https://{api.Host}: the agent's certificate \\(CN=agent, issued by CN=authority\\) is not trusted: .*; give its authority with --tls-ca FILE\n$", result.Error);

        using PemAuthority foreign = new(_folder, "foreign");
        result = await ClientRunner.RunAsync(["version", "--host", $"https://{api.Host}", "--tls-ca", foreign.CaFile]);
        Assert.StartsWith($"link-client: https://{api.Host}: the agent's certificate (CN=agent, issued by CN=authority) is not trusted by {foreign.CaFile}: ", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-10, -1, null, "the agent's certificate expired at 20..-..-..T..:..:..Z")]
    [InlineData(1, 10, null, "the agent's certificate is valid from 20..-..-..T..:..:..Z only; is this host's clock right\\?")]
    [InlineData(-1, 10, "web-1.example", "the agent's certificate is for web-1.example, not for 127.0.0.1")]
    public async Task A_certificate_that_does_not_hold_says_why(double start, double end, string? name, string message)
    {
        await using RunningApi api = await StartAsync(_authority.Issue("agent", start, end, name));
        ClientResult result = await ClientRunner.RunAsync(api, $"version --tls-ca {_authority.CaFile}");
        Assert.Equal(3, result.Code);
        Assert.Matches($"^link-client: https://{api.Host}: {message}\n$", result.Error);
    }

    [Fact]
    public async Task Https_to_an_agent_without_TLS_is_told_to_use_http()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        ClientResult result = await ClientRunner.RunAsync(["version", "--host", $"https://{api.Host}"]);
        Assert.Equal((3, $"link-client: https://{api.Host} does not speak TLS; if the agent has no certificate, use http\n"), (result.Code, result.Error));
    }

    [Fact]
    public async Task Http_to_an_agent_with_TLS_is_told_to_use_https()
    {
        await using RunningApi api = await StartAsync(_authority.Issue("agent"));
        ClientResult result = await ClientRunner.RunAsync(["list", "--host", $"http://{api.Host}"]);
        Assert.Equal((1, "link-client: this port speaks TLS: use https\n"), (result.Code, result.Error));
    }

    [Fact]
    public async Task A_client_certificate_is_shown_and_missed()
    {
        (string certificate, string key) = _authority.Issue("operator", forServers: false);
        await using RunningApi api = await StartAsync(_authority.Issue("agent"), options => options with { ClientCaFile = _authority.CaFile });
        AssertDone(await ClientRunner.RunAsync(api, $"version --tls-ca {_authority.CaFile} --tls-cert {certificate} --tls-key {key}"));
        AssertDone(await ClientRunner.RunAsync(api, "version", false, ("LINK_TLS_CA", _authority.CaFile), ("LINK_TLS_CERT", certificate), ("LINK_TLS_KEY", key)));
        ClientResult missed = await ClientRunner.RunAsync(api, $"version --tls-ca {_authority.CaFile}");
        Assert.Equal((3, $"link-client: https://{api.Host} wants a client certificate: give --tls-cert and --tls-key\n"), (missed.Code, missed.Error));
    }

    [Theory]
    [InlineData("--tls-cert c.pem", "--tls-cert and --tls-key go together; give both, or LINK_TLS_CERT and LINK_TLS_KEY")]
    [InlineData("--tls-ca /nonexistent/ca.pem", "certificate file /nonexistent/ca.pem: no such file")]
    [InlineData("--password a --password-file b", "--password and --password-file are two passwords; give one")]
    [InlineData("--host ftp://x", "ftp://x is no agent; write it as HOST:PORT, http://HOST:PORT or https://HOST:PORT")]
    public async Task What_cannot_be_meant_is_a_usage_error(string options, string message)
    {
        ClientResult result = await ClientRunner.RunAsync(["version", .. options.Split(' ')]);
        Assert.Equal((2, $"link-client: {message}. See: link-client version --help\n"), (result.Code, result.Error));
    }

    [Fact]
    public async Task A_password_comes_from_a_file_or_the_standard_input()
    {
        string file = _folder.Write("password", "@ sécret\n");
        await using RunningApi api = await RunningApi.StartAsync(options => options with { User = "admin", Password = "@ sécret" });
        AssertDone(await ClientRunner.RunAsync(api, $"version -u admin --password-file {file}"));
        AssertDone(await ClientRunner.RunAsync(api, "version -u admin", false, ("LINK_PASSWORD_FILE", file)));
        AssertDone(await ClientRunner.RunAsync(["--host", api.Host, "version", "-u", "admin", "--password-file", "-"], "@ sécret\n"));
    }

    [Theory]
    [InlineData("http://127.0.0.1:1313", false)]
    [InlineData("http://[::1]:1313", false)]
    [InlineData("http://localhost:1313", false)]
    [InlineData("https://10.0.0.5:1313", false)]
    [InlineData("http://10.0.0.5:1313", true)]
    [InlineData("http://web-1:1313", true)]
    public void A_password_in_clear_over_a_network_is_noticed(string url, bool shown)
    {
        Assert.Equal(shown, new ApiClientOptions { Url = new Uri(url), Password = "p" }.ShowsPassword);
        Assert.False(new ApiClientOptions { Url = new Uri(url) }.ShowsPassword);
    }

    [Fact]
    public async Task A_password_in_clear_over_a_network_is_warned_of()
    {
        // 192.0.2.0/24 is for documentation, and the deadline too short for anybody to be reached.
        ClientResult result = await ClientRunner.RunAsync(["version", "--host", "http://192.0.2.1", "-p", "secret", "--timeout", "1ms"]);
        Assert.StartsWith("link-client: warning: the password goes to 192.0.2.1 in clear; use https\n", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_role_that_is_not_enough_is_exit_1_with_what_it_needs()
    {
        string users = _folder.Write("users", TestUsers.Line("bob", Role.Read, "bob's"));
        await using RunningApi api = await RunningApi.StartAsync(options => options with { UsersFile = users });
        ClientResult result = await ClientRunner.RunAsync(["--host", api.Host, "drain", "-u", "bob", "-p", "bob's"]);
        Assert.Equal((1, "link-client: user bob has role read; this needs operate\n"), (result.Code, result.Error));
    }

    private static void AssertDone(ClientResult result) => Assert.Equal((0, ""), (result.Code, result.Error));

    private static Task<RunningApi> StartAsync((string CertificateFile, string KeyFile) files, Func<ApiOptions, ApiOptions>? change = null) =>
        RunningApi.StartAsync(options => (change?.Invoke(options) ?? options) with { CertificateFile = files.CertificateFile, KeyFile = files.KeyFile });
}
