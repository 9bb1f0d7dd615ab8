using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Link.Tests.Support;

/// <summary>
/// A certificate whose issuer is missing, and that names URLs for it, for its revocation list and for OCSP: all of them lead to a server of the test, which
/// counts who comes. An HTTPS server that shows the certificate is here, too.
/// </summary>
internal sealed class UrlsInCertificate : IDisposable
{
    private readonly X509Certificate2 _root;
    private readonly X509Certificate2 _issuer;
    private readonly HttpListener _urls = new();
    private readonly TcpListener _server = new(IPAddress.Loopback, 0);
    private int _visits;

    public UrlsInCertificate()
    {
        int port = Listen();
        string url = $"http://127.0.0.1:{port}/";
        _root = Issue("CN=root", null, isCa: true, null);
        _issuer = Issue("CN=missing", _root, isCa: true, null);
        Leaf = Issue("CN=leaf", _issuer, isCa: false, url);
        _ = CountAsync();
        _server.Start();
        _ = ServeAsync();
    }

    /// <summary>For 127.0.0.1, as a server's and a client's.</summary>
    public X509Certificate2 Leaf { get; }

    public string RootPem => _root.ExportCertificatePem() + "\n";

    public Uri Server => new($"https://127.0.0.1:{((IPEndPoint)_server.LocalEndpoint).Port}");

    /// <summary>Requests to the URLs.</summary>
    public int Visits => Volatile.Read(ref _visits);

    public (string CertificateFile, string KeyFile) Write(TemporaryFolder folder) =>
        (folder.Write("leaf.pem", Leaf.ExportCertificatePem()), folder.Write("leaf.key", Leaf.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()));

    public void Dispose()
    {
        _urls.Close();
        _server.Dispose();
        _root.Dispose();
        _issuer.Dispose();
        Leaf.Dispose();
    }

    private static X509Certificate2 Issue(string name, X509Certificate2? by, bool isCa, string? url)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(isCa, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(isCa ? X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign : X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        if (url != null)
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddIpAddress(IPAddress.Loopback);
            request.CertificateExtensions.Add(names.Build());
            request.CertificateExtensions.Add(new X509AuthorityInformationAccessExtension([url + "ocsp"], [url + "issuer.crt"]));
            request.CertificateExtensions.Add(CertificateRevocationListBuilder.BuildCrlDistributionPointExtension([url + "revoked.crl"]));
        }

        if (by == null)
            return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-3), DateTimeOffset.UtcNow.AddDays(9));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(by, true, false));
        using X509Certificate2 certificate = request.Create(by, DateTimeOffset.UtcNow.AddDays(-2), DateTimeOffset.UtcNow.AddDays(8), RandomNumberGenerator.GetBytes(12));
        return certificate.CopyWithPrivateKey(key);
    }

    /// <summary>HttpListener takes no port 0.</summary>
    private int Listen()
    {
        while (true)
        {
            using var free = new TcpListener(IPAddress.Loopback, 0);
            free.Start();
            int port = ((IPEndPoint)free.LocalEndpoint).Port;
            free.Stop();
            try
            {
                _urls.Prefixes.Clear();
                _urls.Prefixes.Add($"http://127.0.0.1:{port}/");
                _urls.Start();
                return port;
            }
            catch (HttpListenerException)
            {
                // Somebody took it meanwhile.
            }
        }
    }

    private async Task CountAsync()
    {
        try
        {
            while (true)
            {
                HttpListenerContext visit = await _urls.GetContextAsync();
                Interlocked.Increment(ref _visits);
                if (visit.Request.Url!.AbsolutePath == "/issuer.crt")
                    visit.Response.OutputStream.Write(_issuer.RawData);
                else
                    visit.Response.StatusCode = 404;
                visit.Response.Close();
            }
        }
        catch (Exception closed) when (closed is HttpListenerException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync()
    {
        var context = SslStreamCertificateContext.Create(Leaf, null, offline: true);
        try
        {
            while (true)
                _ = ShakeHandsAsync(await _server.AcceptTcpClientAsync(), context);
        }
        catch (Exception closed) when (closed is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static async Task ShakeHandsAsync(TcpClient client, SslStreamCertificateContext context)
    {
        using (client)
        using (var tls = new SslStream(client.GetStream()))
        {
            try
            {
                await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificateContext = context });
                _ = await tls.ReadAsync(new byte[1]);
            }
            catch (Exception refused) when (refused is IOException or System.Security.Authentication.AuthenticationException)
            {
                // As it should be.
            }
        }
    }
}
