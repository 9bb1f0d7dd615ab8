using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Link.Tests.Support;

/// <summary>A CA of the test's own, that issues certificates for servers.</summary>
internal sealed class TestAuthority : IDisposable
{
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";

    private readonly X509Certificate2 _authority;
    private readonly List<X509Certificate2> _issued = [];

    public TestAuthority()
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=LinK test authority", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        // Without key identifiers OpenSSL cannot tell two CAs of one name apart.
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        _authority = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-10), DateTimeOffset.UtcNow.AddDays(1));
    }

    public string CaPem => _authority.ExportCertificatePem() + "\n";

    /// <param name="names">DNS names or addresses.</param>
    /// <param name="isExpired">It ended two days ago.</param>
    public X509Certificate2 Issue(string[] names, bool isExpired = false)
    {
        using ECDsa key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={names[0]}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication)], false));
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
        (int from, int to) = isExpired ? (-9, -2) : (-1, 1);
        using X509Certificate2 certificate = request.Create(
            _authority, DateTimeOffset.UtcNow.AddDays(from), DateTimeOffset.UtcNow.AddDays(to).AddHours(-1), RandomNumberGenerator.GetBytes(12));
        _issued.Add(certificate.CopyWithPrivateKey(key));
        return _issued[^1];
    }

    public void Dispose()
    {
        _issued.ForEach(certificate => certificate.Dispose());
        _authority.Dispose();
    }
}
