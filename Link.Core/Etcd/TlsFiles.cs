using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Link.Core.Files;

namespace Link.Core.Etcd;

/// <summary>The certificate files of the connections to etcd.</summary>
internal sealed class TlsFiles(string? certificateFile, string? keyFile, string? caFile)
{
    private readonly CertificateFiles _files = new(certificateFile, keyFile, caFile);

    /// <inheritdoc cref="CertificateFiles.Refresh"/>
    public string? Refresh() => _files.Refresh();

    /// <summary>Options of a new connection.</summary>
    /// <param name="endpoint">For messages.</param>
    /// <param name="distrust">Learns why the member's certificate was refused.</param>
    /// <param name="wanted">Is called when the member asks for a client certificate and there is none.</param>
    /// <exception cref="EtcdException">Kind Certificate: the files were never readable.</exception>
    public SslClientAuthenticationOptions CreateOptions(string endpoint, Action<string> distrust, Action wanted)
    {
        string? fault = Refresh();
        if (_files.Current is not { } certificates)
            throw new EtcdException(EtcdFailure.Certificate, endpoint, fault ?? "no certificates");
        return new SslClientAuthenticationOptions
        {
            ClientCertificateContext = certificates.Own,
            LocalCertificateSelectionCallback = certificates.Own is not null ? null : (_, _, _, remote, _) =>
            {
                // Called once before the handshake, without the member's certificate, and again if the member asks.
                if (remote is not null)
                    wanted();
                return null!;
            },
            CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            CertificateChainPolicy = certificates.CreateChainPolicy(),
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
            {
                if (errors == SslPolicyErrors.None)
                    return true;
                distrust(Describe(certificate as X509Certificate2, chain, errors));
                return false;
            },
        };
    }

    private string Describe(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            return "the member shows no certificate";
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"the member's certificate ({certificate.Subject}) is not valid for this host name or address";
        string status = chain is null ? "" : string.Join(", ", Array.ConvertAll(chain.ChainStatus, static item => item.Status.ToString()).Distinct());
        string roots = _files.CaFile ?? "the system's roots";
        return $"the member's certificate ({certificate.Subject}, issued by {certificate.Issuer}) is not trusted by {roots}: {status}";
    }
}
