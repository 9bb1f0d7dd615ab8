using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Link.Core.Api;
using Link.Core.Api.Tls;
using Link.Core.Etcd;
using Link.Core.Files;
using Link.Core.Net;
using Link.Core.Plugins;
using Link.Tests.Api;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Files;

/// <summary>Nobody makes this program call a URL by naming it in a certificate.</summary>
public sealed class PeerTrustTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly UrlsInCertificate _peer = new();
    private readonly string _rootFile;

    public PeerTrustTests() => _rootFile = _folder.Write("root.pem", _peer.RootPem);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _peer.Dispose();
        _folder.Dispose();
    }

    /// <summary>Else the tests below would prove nothing.</summary>
    [Fact]
    public void Dotnet_by_itself_calls_them()
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.Build(_peer.Leaf);
        Assert.NotEqual(0, _peer.Visits);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_client_of_the_API_does_not_for_the_agents_certificate(bool withCa)
    {
        CertificateFiles? files = withCa ? new(null, null, _rootFile) : null;
        Assert.Null(files?.Refresh());
        await AssertNoVisitAsync<ApiUntrustedException>(() => HandshakeAsync(_peer.Server, files));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_plugin_does_not_for_a_receivers_certificate(bool withCa)
    {
        using var http = new OutboundHttp(new NameResolver(), TimeProvider.System, withCa ? OutboundHttp.ReadCa(_peer.RootPem, out _) : null);
        OutputException fault = await AssertNoVisitAsync<OutputException>(() => http.SendAsync(new HttpRequestMessage(HttpMethod.Get, _peer.Server), Cancel));
        Assert.Contains(" is not trusted by ", fault.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_client_of_etcd_does_not_for_a_members_certificate(bool withCa)
    {
        await using var client = new EtcdClient(new EtcdOptions { Endpoints = [_peer.Server], CaFile = withCa ? _rootFile : null });
        EtcdException fault = await AssertNoVisitAsync<EtcdException>(() => client.PutAsync("/a", "1"));
        Assert.Equal(EtcdFailure.Certificate, fault.Kind);
    }

    [Fact]
    public async Task The_API_does_not_for_a_clients_certificate()
    {
        using var authority = new PemAuthority(_folder, "authority");
        (string certificate, string key) = authority.Issue("agent");
        await using RunningApi api = await RunningApi.StartAsync(options => options with { CertificateFile = certificate, KeyFile = key, ClientCaFile = _rootFile });
        using var client = new TcpClient();
        await client.ConnectAsync(api.Server.Listening[0], Cancel);
        await using var tls = new SslStream(client.GetStream());
        await AssertNoVisitAsync<IOException>(async () =>
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = "127.0.0.1",
                    ClientCertificateContext = SslStreamCertificateContext.Create(_peer.Leaf, null, offline: true),
                    RemoteCertificateValidationCallback = static (_, _, _, _) => true,
                },
                Cancel);
            if (await tls.ReadAsync(new byte[1], Cancel) == 0)
                throw new IOException("closed");
        });
    }

    /// <summary>A certificate of one's own may name URLs too; .NET would build its chain at each connection.</summary>
    [Fact]
    public async Task Nor_does_anybody_for_the_certificate_that_it_shows()
    {
        using var authority = new PemAuthority(_folder, "authority");
        (string certificate, string key) = authority.Issue("agent");
        (string leaf, string leafKey) = _peer.Write(_folder);
        await using RunningApi api = await RunningApi.StartAsync(options => options with { CertificateFile = certificate, KeyFile = key, ClientCaFile = authority.CaFile });
        var files = new CertificateFiles(leaf, leafKey, authority.CaFile);
        Assert.Null(files.Refresh());
        await using (await HandshakeAsync(new Uri($"https://{api.Host}"), files))
            Assert.Equal(0, _peer.Visits);

        await using RunningApi server = await RunningApi.StartAsync(options => options with { CertificateFile = leaf, KeyFile = leafKey });
        var trusting = new CertificateFiles(null, null, _folder.Write("roots.pem", _peer.RootPem));
        Assert.Null(trusting.Refresh());
        await AssertNoVisitAsync<ApiUntrustedException>(() => HandshakeAsync(new Uri($"https://{server.Host}"), trusting));
    }

    private async Task<T> AssertNoVisitAsync<T>(Func<Task> connect)
        where T : Exception
    {
        T fault = await Assert.ThrowsAnyAsync<T>(connect);
        Assert.Equal(0, _peer.Visits);
        return fault;
    }

    private static async Task<Stream> HandshakeAsync(Uri url, CertificateFiles? files)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(url.Host, url.Port, Cancel);
        return await new ClientTls(url, files).HandshakeAsync(new NetworkStream(socket, ownsSocket: true), Cancel);
    }
}
