using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Link.Tests.Api;

/// <summary>An authority that issues certificates as PEM files.</summary>
internal sealed class TestAuthority : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly TestFolder _folder;
    private readonly X509Certificate2 _certificate;

    public TestAuthority(TestFolder folder, string name)
    {
        _folder = folder;
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-100), DateTimeOffset.UtcNow.AddDays(100));
        CaFile = folder.Write($"{name}.ca.pem", _certificate.ExportCertificatePem());
    }

    public string CaFile { get; }

    /// <summary>Writes a certificate and its key, over older ones of the same name.</summary>
    /// <param name="name">Of the files, and the subject.</param>
    /// <param name="start">Days from now.</param>
    /// <param name="end">Days from now.</param>
    /// <param name="dnsName">For this name; without one, for 127.0.0.1, ::1 and localhost.</param>
    /// <param name="forServers">Whether its use is a server's; else a client's.</param>
    public (string CertificateFile, string KeyFile) Issue(string name, double start = -1, double end = 50, string? dnsName = null, bool forServers = true)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(forServers ? ServerAuthentication : ClientAuthentication)], false));
        SubjectAlternativeNameBuilder names = new();
        if (dnsName is null)
        {
            names.AddIpAddress(IPAddress.Loopback);
            names.AddIpAddress(IPAddress.IPv6Loopback);
            names.AddDnsName("localhost");
        }
        else
        {
            names.AddDnsName(dnsName);
        }

        request.CertificateExtensions.Add(names.Build());
        using X509Certificate2 certificate = request.Create(_certificate, DateTimeOffset.UtcNow.AddDays(start), DateTimeOffset.UtcNow.AddDays(end), RandomNumberGenerator.GetBytes(12));
        return (_folder.Write($"{name}.pem", certificate.ExportCertificatePem()), _folder.Write($"{name}.key", key.ExportPkcs8PrivateKeyPem()));
    }

    public void Dispose() => _certificate.Dispose();
}
