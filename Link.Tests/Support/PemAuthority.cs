using System.Security.Cryptography.X509Certificates;

namespace Link.Tests.Support;

/// <summary>An authority that issues certificates as PEM files.</summary>
internal sealed class PemAuthority(TemporaryFolder folder, string name) : IDisposable
{
    private readonly TestAuthority _authority = new(name);
    private string? _caFile;

    public string CaFile => _caFile ??= folder.Write($"{name}.ca.pem", _authority.CaPem);

    /// <summary>Writes a certificate and its key, over older ones of the same name.</summary>
    /// <param name="name">Of the files, and the subject.</param>
    /// <param name="start">Days from now.</param>
    /// <param name="end">Days from now.</param>
    /// <param name="dnsName">For this name; without one, for 127.0.0.1, ::1 and localhost.</param>
    /// <param name="forServers">Whether its use is a server's; else a client's.</param>
    public (string CertificateFile, string KeyFile) Issue(string name, double start = -1, double end = 50, string? dnsName = null, bool forServers = true)
    {
        X509Certificate2 certificate = _authority.Issue(dnsName is null ? ["127.0.0.1", "::1", "localhost"] : [dnsName], start, end, forServers, subject: name);
        return (folder.Write($"{name}.pem", certificate.ExportCertificatePem()), folder.Write($"{name}.key", certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem()));
    }

    public void Dispose() => _authority.Dispose();
}
