using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Link.Tests.Support;

/// <summary>A CA of the test's own.</summary>
internal sealed class TestAuthority : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly X509Certificate2 _authority;
    private readonly List<X509Certificate2> _issued = [];

    public TestAuthority(string name = "LinK test authority")
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        // Without key identifiers OpenSSL cannot tell two CAs of one name apart.
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-100), DateTimeOffset.UtcNow.AddDays(100));
    }

    public string CaPem => _authority.ExportCertificatePem() + "\n";

    /// <summary>A certificate with its key.</summary>
    /// <param name="names">DNS names or addresses.</param>
    /// <param name="start">Days from now.</param>
    /// <param name="end">Days from now.</param>
    /// <param name="forServers">Whether its use is a server's; else a client's.</param>
    /// <param name="subject">Its common name, if it is not the first of the names.</param>
    public X509Certificate2 Issue(string[] names, double start = -1, double end = 50, bool forServers = true, string? subject = null)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={subject ?? names[0]}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(forServers ? ServerAuthentication : ClientAuthentication)], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_authority, true, false));
        var builder = new SubjectAlternativeNameBuilder();
        foreach (string name in names)
        {
            if (IPAddress.TryParse(name, out IPAddress? address))
                builder.AddIpAddress(address);
            else
                builder.AddDnsName(name);
        }

        request.CertificateExtensions.Add(builder.Build());
        using X509Certificate2 certificate = request.Create(_authority, DateTimeOffset.UtcNow.AddDays(start), DateTimeOffset.UtcNow.AddDays(end), RandomNumberGenerator.GetBytes(12));
        _issued.Add(certificate.CopyWithPrivateKey(key));
        return _issued[^1];
    }

    public void Dispose()
    {
        _issued.ForEach(certificate => certificate.Dispose());
        _authority.Dispose();
    }
}
