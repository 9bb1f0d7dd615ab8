using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Link.Core.Etcd;

/// <summary>
/// The certificate files, read again when their time or size has changed. A renewal in progress (a new certificate beside the old key)
/// must not cut a working client off: while the files cannot be used, those read before stay in use.
/// </summary>
internal sealed class TlsFiles(string? certificateFile, string? keyFile, string? caFile)
{
    private readonly Lock _gate = new();
    private (Stamp Certificate, Stamp Key, Stamp Ca) _stamps;
    private X509Certificate2Collection? _roots;
    private SslStreamCertificateContext? _client;
    private bool _loaded;

    /// <summary>Reads the files if they changed. Null, or what is wrong with which file.</summary>
    public string? Refresh()
    {
        lock (_gate)
        {
            string? path = null;
            try
            {
                var stamps = (Stamp.Of(certificateFile), Stamp.Of(keyFile), Stamp.Of(caFile));
                if (_loaded && stamps == _stamps)
                    return null;
                path = caFile;
                X509Certificate2Collection? roots = caFile is null ? null : LoadAll(caFile);
                path = certificateFile;
                X509Certificate2Collection? chain = certificateFile is null ? null : LoadAll(certificateFile);
                path = keyFile;
                SslStreamCertificateContext? client = null;
                if (chain is not null)
                {
                    X509Certificate2 leaf = X509Certificate2.CreateFromPemFile(certificateFile!, keyFile);
                    client = SslStreamCertificateContext.Create(leaf, chain, offline: true);
                }
                (_roots, _client, _stamps, _loaded) = (roots, client, stamps, true);
                return null;
            }
            catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
            {
                return $"certificate file {path ?? certificateFile}: {Reason(fault, path)}";
            }
        }
    }

    /// <summary>Options of a new connection; <paramref name="distrust"/> learns why the member's certificate was refused.</summary>
    /// <exception cref="EtcdException">Kind Certificate: the files were never readable.</exception>
    public SslClientAuthenticationOptions CreateOptions(string endpoint, Action<string> distrust)
    {
        string? fault = Refresh();
        lock (_gate)
        {
            if (!_loaded)
                throw new EtcdException(EtcdFailure.Certificate, endpoint, fault ?? "no certificates");
            var options = new SslClientAuthenticationOptions
            {
                ClientCertificateContext = _client,
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                {
                    if (errors == SslPolicyErrors.None)
                        return true;
                    distrust(Describe(certificate as X509Certificate2, chain, errors));
                    return false;
                },
            };
            if (_roots is not null)
            {
                options.CertificateChainPolicy = new X509ChainPolicy
                {
                    TrustMode = X509ChainTrustMode.CustomRootTrust,
                    RevocationMode = X509RevocationMode.NoCheck,
                    DisableCertificateDownloads = true,
                };
                options.CertificateChainPolicy.CustomTrustStore.AddRange(_roots);
            }
            return options;
        }
    }

    private static X509Certificate2Collection LoadAll(string path)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPemFile(path);
        if (certificates.Count == 0)
            throw new CryptographicException("no certificate in PEM form in it");
        return certificates;
    }

    private string Describe(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            return "the member shows no certificate";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"the member's certificate ({certificate.Subject}) is not valid for this host name or address";
        string status = chain is null ? "" : string.Join(", ", Array.ConvertAll(chain.ChainStatus, static item => item.Status.ToString()).Distinct());
        string roots = caFile is null ? "the system's roots" : caFile;
        return $"the member's certificate ({certificate.Subject}, issued by {certificate.Issuer}) is not trusted by {roots}: {status}";
    }

    private static string Reason(Exception fault, string? path) => fault switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        UnauthorizedAccessException => "permission denied",
        CryptographicException or ArgumentException => $"not usable: {fault.Message}",
        _ => path is null ? fault.Message : fault.Message.Replace(path, "it", StringComparison.Ordinal),
    };

    private readonly record struct Stamp(DateTime Written, long Size)
    {
        public static Stamp Of(string? path)
        {
            if (path is null)
                return default;
            var file = new FileInfo(path);
            return file.Exists ? new Stamp(file.LastWriteTimeUtc, file.Length) : new Stamp(default, -1);
        }
    }
}
