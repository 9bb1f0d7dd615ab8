using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Link.Core.Api;
using Link.Core.Api.Access;
using Link.Core.Files;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Api.Tls;

public sealed class ServerTlsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly PemAuthority _authority;
    private readonly TestClock _clock = new();
    private readonly string _certificate;
    private readonly string _key;

    public ServerTlsTests()
    {
        _authority = new PemAuthority(_folder, "authority");
        (_certificate, _key) = _authority.Issue("agent");
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Requests_and_answers_of_any_size_go_through()
    {
        await using RunningApi api = await StartAsync();
        using ApiClient client = Client(api);
        Assert.Equal("1.2.3", await client.VersionAsync(Cancel));
        api.Agent.Have([.. Enumerable.Range(0, 3000).Select(i => FakeAgent.Arp($"vip-5f09bd47-2074-4fe3-bea5-{i:d12}", $"10.1.{i / 256}.{i % 256}/32"))]);
        Assert.Equal(3000, (await client.ListAsync(ApiForm.Endpoints, Cancel)).Count);
        HealthCheckContract[] checks = [.. Enumerable.Range(1, 250).Select(port => new HealthCheckContract("TCP", new string('h', 200), port))];
        await client.SetChecksAsync(ApiForm.Endpoints, "vip-5f09bd47-2074-4fe3-bea5-000000000001", checks, Cancel);
        Assert.Equal(checks, api.Agent.LastChecks);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12, true)]
    [InlineData(SslProtocols.Tls13, true)]
#pragma warning disable SYSLIB0039 // The old versions are what is refused.
    [InlineData(SslProtocols.Tls11, false)]
#pragma warning restore SYSLIB0039
    public async Task Only_TLS_from_1_2_on_is_spoken(SslProtocols protocol, bool spoken)
    {
        await using RunningApi api = await StartAsync();
        using SslStream tls = new((await api.ConnectAsync()).GetStream());
        Task handshake = tls.AuthenticateAsClientAsync(Trusting(protocol), Cancel);
        if (spoken)
        {
            await handshake;
            Assert.Equal((protocol, SslApplicationProtocol.Http11), (tls.SslProtocol, tls.NegotiatedApplicationProtocol));
        }
        else
        {
            await Assert.ThrowsAnyAsync<Exception>(() => handshake);
        }
    }

    [Fact]
    public async Task A_renewed_certificate_is_shown_and_connections_that_are_open_go_on()
    {
        await using RunningApi api = await StartAsync();
        using SslStream open = await ConnectAsync(api);
        Assert.Equal("CN=agent", open.RemoteCertificate!.Subject);
        Renew("renewed");
        _clock.Advance(TimeSpan.FromSeconds(1));
        using SslStream next = await ConnectAsync(api);
        Assert.Equal("CN=renewed", next.RemoteCertificate!.Subject);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(open), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(next), StringComparison.Ordinal);
        Assert.Empty(api.Log);
    }

    [Fact]
    public async Task A_certificate_behind_a_link_that_is_turned_is_found()
    {
        string link = _folder.File("live");
        Directory.CreateDirectory(_folder.File("1"));
        Directory.CreateDirectory(_folder.File("2"));
        Directory.CreateSymbolicLink(link, _folder.File("1"));
        Move("agent", "1");
        (string certificate, string key) = (Path.Combine(link, "c"), Path.Combine(link, "k"));
        await using RunningApi api = await RunningApi.StartAsync(options => options with { CertificateFile = certificate, KeyFile = key }, _clock);
        _authority.Issue("renewed");
        Move("renewed", "2");
        Directory.Delete(link);
        Directory.CreateSymbolicLink(link, _folder.File("2"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        using SslStream tls = await ConnectAsync(api);
        Assert.Equal("CN=renewed", tls.RemoteCertificate!.Subject);
    }

    [Fact]
    public async Task A_renewal_that_is_broken_or_half_done_leaves_the_old_one_and_is_said_once()
    {
        await using RunningApi api = await StartAsync();
        string goodKey = File.ReadAllText(_key);
        File.WriteAllText(_key, "half a k");
        for (int i = 0; i < 3; i++)
        {
            _clock.Advance(TimeSpan.FromSeconds(1));
            using SslStream tls = await ConnectAsync(api);
            Assert.Equal("CN=agent", tls.RemoteCertificate!.Subject);
        }

        string line = Assert.Single(api.Log);
        Assert.StartsWith($"api: certificate file {_key}: not usable: ", line, StringComparison.Ordinal);
        Assert.EndsWith("; what was read before stays in use", line, StringComparison.Ordinal);

        // A new certificate beside the old key.
        Renew("renewed");
        string newKey = File.ReadAllText(_key);
        File.WriteAllText(_key, goodKey);
        _clock.Advance(TimeSpan.FromSeconds(1));
        using (SslStream tls = await ConnectAsync(api))
        {
            Assert.Equal("CN=agent", tls.RemoteCertificate!.Subject);
        }

        Assert.False(api.Server.ReloadFiles());
        File.WriteAllText(_key, newKey);
        Assert.True(api.Server.ReloadFiles());
        using (SslStream tls = await ConnectAsync(api))
        {
            Assert.Equal("CN=renewed", tls.RemoteCertificate!.Subject);
        }
    }

    [Theory]
    [InlineData("certificate", "no certificate in PEM form in it")]
    [InlineData("key", "not usable")]
    [InlineData("absent", "no such file")]
    [InlineData("directory", "is a directory")]
    [InlineData("other key", "not usable")]
    public async Task A_file_that_cannot_be_used_ends_the_start_with_its_name_and_the_reason(string what, string reason)
    {
        string wrong = what is "certificate" ? _certificate : _key;
        switch (what)
        {
            case "absent":
                File.Delete(wrong);
                break;
            case "directory":
                File.Delete(wrong);
                Directory.CreateDirectory(wrong);
                break;
            case "other key":
                File.WriteAllText(wrong, File.ReadAllText(_authority.Issue("other").KeyFile));
                break;
            default:
                File.WriteAllText(wrong, "nonsense");
                break;
        }

        ApiStartException fault = await Assert.ThrowsAsync<ApiStartException>(() => StartAsync());
        Assert.StartsWith($"certificate file {wrong}: ", fault.Message, StringComparison.Ordinal);
        Assert.Contains(reason, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_end_that_comes_near_is_said_once_and_the_end_once()
    {
        _authority.Issue("agent", end: 20);
        await using RunningApi api = await StartAsync();
        Assert.Empty(api.Log);
        foreach (int days in new[] { 7, 1, 13, 1 })
        {
            _clock.Advance(TimeSpan.FromDays(days));
            await ConnectAsync(api);
        }

        Assert.Equal(2, api.Log.Count);
        Assert.Matches($"^api: certificate file {_certificate}: expires at 20..-..-..T..:..:..Z: renew it$", api.Log[0]);
        Assert.Matches($"^api: certificate file {_certificate}: expired at 20..-..-..T..:..:..Z; clients refuse it: renew it$", api.Log[1]);
    }

    [Fact]
    public async Task Plain_HTTP_is_told_to_use_https()
    {
        await using RunningApi api = await StartAsync();
        string reply = await api.SendRawAsync("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 Bad Request\r\n", reply, StringComparison.Ordinal);
        Assert.EndsWith("{\"error\":\"this port speaks TLS: use https\"}\n", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_says_nothing_is_closed_and_keeps_no_other_source_out()
    {
        await using RunningApi api = await StartAsync(options => options with { HandshakeDeadline = TimeSpan.FromSeconds(60) });
        List<TcpClient> silent = [];
        int closed = 0;
        for (int i = 0; i < 30; i++)
        {
            try
            {
                silent.Add(await ConnectFromAsync(api, "127.0.0.2"));
            }
            catch (SocketException)
            {
                // Before it stood.
                closed++;
            }
        }

        // A quarter of the 64 places is for one source: the oldest of it made way.
        Assert.Equal(14, closed + await CountClosedAsync(silent, 14 - closed));
        using SslStream tls = await ConnectAsync(api);
        Assert.StartsWith("HTTP/1.1 200", await AskAsync(tls), StringComparison.Ordinal);
        silent.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task A_handshake_has_a_deadline()
    {
        await using RunningApi api = await StartAsync(options => options with { HandshakeDeadline = TimeSpan.FromMilliseconds(100) });
        using TcpClient nothing = await api.ConnectAsync();
        Assert.Equal(0, await ReadAsync(nothing.GetStream()));
        using TcpClient half = await api.ConnectAsync();
        await half.GetStream().WriteAsync(new byte[] { 0x16, 3, 1, 0, 200, 1 }, Cancel);
        Assert.Equal(0, await ReadAsync(half.GetStream()));
    }

    [Fact]
    public async Task With_a_client_authority_and_no_users_a_certificate_of_it_is_an_admin_s()
    {
        (string certificate, string key) = _authority.Issue("operator", forServers: false);
        await using RunningApi api = await StartAsync(options => options with { ClientCaFile = _authority.CaFile });
        using ApiClient client = Client(api, certificate, key);
        api.Agent.Command = _ => Task.FromResult(new Outcome(OutcomeStatus.Done));
        await client.DrainAsync(Cancel);
    }

    [Fact]
    public async Task With_users_a_client_certificate_is_a_second_factor()
    {
        (string certificate, string key) = _authority.Issue("operator", forServers: false);
        string users = _folder.Write("users", TestUsers.Line("bob", Role.Read, "bob's"));
        await using RunningApi api = await StartAsync(options => options with { ClientCaFile = _authority.CaFile, UsersFile = users });
        using ApiClient nobody = Client(api, certificate, key);
        Assert.Equal(401, (await Assert.ThrowsAsync<ApiRefusedException>(() => nobody.VersionAsync(Cancel))).Status);
        using ApiClient bob = Client(api, certificate, key, "bob", "bob's");
        Assert.Equal("1.2.3", await bob.VersionAsync(Cancel));
        Assert.Equal(403, (await Assert.ThrowsAsync<ApiRefusedException>(() => bob.DrainAsync(Cancel))).Status);
        using ApiClient without = Client(api, user: "bob", password: "bob's");
        await Assert.ThrowsAsync<ApiUntrustedException>(() => without.VersionAsync(Cancel));
    }

    [Theory]
    [InlineData("none")]
    [InlineData("foreign")]
    [InlineData("expired")]
    [InlineData("server's")]
    public async Task A_client_without_a_good_certificate_gets_no_answer(string what)
    {
        using PemAuthority foreign = new(_folder, "foreign");
        (string? certificate, string? key) = what switch
        {
            "foreign" => foreign.Issue("mallory", forServers: false),
            "expired" => _authority.Issue("late", start: -10, end: -1, forServers: false),
            "server's" => _authority.Issue("server"),
            _ => ((string?)null, (string?)null),
        };
        await using RunningApi api = await StartAsync(options => options with { ClientCaFile = _authority.CaFile });
        using ApiClient client = Client(api, certificate, key);
        ApiUntrustedException refused = await Assert.ThrowsAsync<ApiUntrustedException>(() => client.VersionAsync(Cancel));
        Assert.Equal(what == "none"
            ? $"https://{api.Host} wants a client certificate: give --tls-cert and --tls-key"
            : $"https://{api.Host} does not accept the client certificate; it has to be signed by the agent's API_TLS_CLIENT_CA, and not be expired", refused.Message);
    }

    [Fact]
    public async Task A_client_authority_is_exchanged_while_the_agent_runs()
    {
        using PemAuthority next = new(_folder, "next");
        (string certificate, string key) = next.Issue("operator", forServers: false);
        string ca = _folder.Write("client-ca.pem", File.ReadAllText(_authority.CaFile));
        await using RunningApi api = await StartAsync(options => options with { ClientCaFile = ca });
        using ApiClient client = Client(api, certificate, key);
        await Assert.ThrowsAsync<ApiUntrustedException>(() => client.VersionAsync(Cancel));
        File.WriteAllText(ca, File.ReadAllText(next.CaFile));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("1.2.3", await client.VersionAsync(Cancel));
    }

    [Fact]
    public async Task Many_handshakes_at_once_all_come_about()
    {
        await using RunningApi api = await StartAsync();
        await Task.WhenAll(Enumerable.Range(0, 16).Select(async _ =>
        {
            using SslStream tls = await ConnectAsync(api);
            Assert.StartsWith("HTTP/1.1 200", await AskAsync(tls), StringComparison.Ordinal);
        }));
    }

    private Task<RunningApi> StartAsync(Func<ApiOptions, ApiOptions>? change = null) =>
        RunningApi.StartAsync(options => (change?.Invoke(options) ?? options) with { CertificateFile = _certificate, KeyFile = _key }, _clock);

    private void Renew(string name)
    {
        (string certificate, string key) = _authority.Issue(name);
        File.Copy(certificate, _certificate, overwrite: true);
        File.Copy(key, _key, overwrite: true);
    }

    private void Move(string name, string folder)
    {
        File.Move(_folder.File($"{name}.pem"), Path.Combine(_folder.File(folder), "c"));
        File.Move(_folder.File($"{name}.key"), Path.Combine(_folder.File(folder), "k"));
    }

    private ApiClient Client(RunningApi api, string? certificate = null, string? key = null, string? user = null, string? password = null)
    {
        CertificateFiles files = new(certificate, key, _authority.CaFile);
        Assert.Null(files.Refresh());
        return new ApiClient(new ApiClientOptions { Url = new Uri($"https://{api.Host}"), Tls = files, User = user, Password = password });
    }

    private static SslClientAuthenticationOptions Trusting(SslProtocols protocols = SslProtocols.None) => new()
    {
        TargetHost = "localhost",
        EnabledSslProtocols = protocols,
        ApplicationProtocols = [SslApplicationProtocol.Http11],
        RemoteCertificateValidationCallback = (_, _, _, _) => true,
        CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
    };

    private static async Task<SslStream> ConnectAsync(RunningApi api)
    {
        SslStream tls = new((await api.ConnectAsync()).GetStream());
        await tls.AuthenticateAsClientAsync(Trusting(), Cancel);
        return tls;
    }

    private static async Task<TcpClient> ConnectFromAsync(RunningApi api, string address)
    {
        TcpClient client = new(new System.Net.IPEndPoint(System.Net.IPAddress.Parse(address), 0));
        await client.ConnectAsync(api.Server.Listening[0], Cancel);
        return client;
    }

    private static async Task<string> AskAsync(SslStream tls)
    {
        await tls.WriteAsync("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray(), Cancel);
        byte[] answer = new byte[4096];
        return Encoding.UTF8.GetString(answer, 0, await tls.ReadAsync(answer, Cancel));
    }

    /// <returns>0 when the other end has closed, in whatever way.</returns>
    private static async Task<int> ReadAsync(NetworkStream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[1], Cancel);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static async Task<int> CountClosedAsync(List<TcpClient> clients, int expected)
    {
        Task<int>[] reads = [.. clients.Select(client => ReadAsync(client.GetStream()))];
        await Until.TrueAsync(() => reads.Count(read => read.IsCompleted) >= expected);
        return reads.Count(read => read.IsCompleted);
    }
}
