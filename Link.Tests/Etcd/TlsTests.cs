using Link.Core.Etcd;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Etcd;

public sealed class TlsTests : IAsyncLifetime
{
    private static readonly TimeSpan Brief = TimeSpan.FromSeconds(4);

    private readonly EtcdCertificates _certificates = new();
    private EtcdCluster _etcd = null!;

    public async ValueTask InitializeAsync() => _etcd = await EtcdCluster.StartAsync(tls: _certificates);

    public async ValueTask DisposeAsync()
    {
        await _etcd.DisposeAsync();
        _certificates.Dispose();
    }

    [Fact]
    public async Task A_client_certificate_opens_the_door_and_a_renewed_one_is_taken_up()
    {
        await using var proxy = new TcpProxy(new Uri(_etcd.Members[0].ClientUrl));
        await using var client = new EtcdClient(_etcd.Options() with { Endpoints = [new Uri(proxy.Url)] });
        await client.PutAsync("/a", "1");
        Assert.Equal(1, proxy.Accepted);

        _certificates.RenewClient("renewed");
        Assert.Null(client.ReloadCertificates());
        await client.PutAsync("/a", "2");
        Assert.Equal(2, proxy.Accepted);
    }

    [Fact]
    public async Task While_the_files_cannot_be_used_the_old_ones_stay_and_the_file_is_named()
    {
        await using EtcdClient client = _etcd.CreateClient();
        await client.PutAsync("/a", "1");
        File.WriteAllText(_certificates.ClientKeyFile, "half a key");
        string? fault = client.ReloadCertificates();
        Assert.Contains(_certificates.ClientKeyFile, fault);
        client.Rotate("for the test");
        await client.PutAsync("/a", "2");
        File.Delete(_certificates.ClientCertificateFile);
        Assert.Contains($"{_certificates.ClientCertificateFile}: no such file", client.ReloadCertificates());
    }

    [Fact]
    public async Task A_foreign_authority_is_named_as_the_reason()
    {
        using var foreign = new EtcdCertificates();
        await using var client = new EtcdClient(_etcd.Options() with { CaFile = foreign.CaFile, RequestTimeout = Brief });
        EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => client.PutAsync("/a", "1"));
        Assert.Equal((EtcdFailure.Certificate, false), (fault.Kind, fault.MaybeApplied));
        Assert.StartsWith($"etcd {_etcd.Urls}: the member's certificate (CN=etcd server, issued by CN=LinK test authority) is not trusted by {foreign.CaFile}", fault.Message);
    }

    [Fact]
    public async Task A_missing_file_is_named()
    {
        await using var client = new EtcdClient(_etcd.Options() with { CaFile = "/nonexistent/ca.pem", RequestTimeout = Brief });
        EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => client.PutAsync("/a", "1"));
        Assert.Equal(EtcdFailure.Certificate, fault.Kind);
        Assert.EndsWith("certificate file /nonexistent/ca.pem: no such file", fault.Message);
    }

    [Fact]
    public async Task Without_a_client_certificate_the_call_fails_unsent()
    {
        await using var client = new EtcdClient(_etcd.Options() with { CertificateFile = null, KeyFile = null, RequestTimeout = Brief });
        EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => client.PutAsync("/a", "1"));
        Assert.Equal(EtcdFailure.Certificate, fault.Kind);
        Assert.Equal($"etcd {_etcd.Urls}: the member wants a client certificate: set ETCD_TLS_CERT and ETCD_TLS_KEY", fault.Message);
    }

    [Fact]
    public async Task Plain_http_to_a_tls_port_is_a_clear_failure()
    {
        await using var client = new EtcdClient(EtcdOptions.Parse(_etcd.Urls.Replace("https", "http"), []) with { RequestTimeout = Brief });
        EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => client.PutAsync("/a", "1"));
        Assert.Equal(EtcdFailure.Unavailable, fault.Kind);
        Assert.EndsWith(": connection closed by the member before any answer: check the port, and whether it wants http or https", fault.Message);
    }

    [Fact]
    public async Task Https_to_a_port_without_tls_says_what_to_write()
    {
        await using EtcdCluster plain = await EtcdCluster.StartAsync();
        await using var client = new EtcdClient(_etcd.Options() with { Endpoints = [new Uri(plain.Urls.Replace("http", "https"))], RequestTimeout = Brief });
        EtcdException fault = await Assert.ThrowsAsync<EtcdException>(() => client.PutAsync("/a", "1"));
        Assert.EndsWith("; if etcd has no TLS, use http", fault.Message);
    }

    [Fact]
    public async Task An_ipv6_literal_works_with_and_without_tls()
    {
        await using EtcdCluster secure = await EtcdCluster.StartAsync(tls: _certificates, host: "::1");
        await using EtcdClient secureClient = secure.CreateClient();
        await secureClient.PutAsync("/a", "1");
        await using EtcdCluster plain = await EtcdCluster.StartAsync(host: "::1");
        await using EtcdClient plainClient = plain.CreateClient();
        await plainClient.PutAsync("/a", "1");
        Assert.StartsWith("http://[::1]:", EtcdOptions.NameOf(plainClient.CurrentEndpoint));
    }
}
