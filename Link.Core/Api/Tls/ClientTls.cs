using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Link.Core.Files;

namespace Link.Core.Api.Tls;

/// <summary>One connection's TLS, as a client. Says why it did not come about in words that tell what to do.</summary>
/// <param name="url">Where; the certificate has to be for its host.</param>
/// <param name="files">The authorities to trust, and the certificate to show.</param>
internal sealed class ClientTls(Uri url, CertificateFiles? files)
{
    private string? _distrust;
    private bool _certificateSeen;
    private bool _certificateWanted;

    private string Place => url.GetLeftPart(UriPartial.Authority);

    /// <param name="plain">The connection; closed with the result.</param>
    /// <param name="cancel">Ends the handshake.</param>
    /// <exception cref="ApiUntrustedException">The other end cannot be trusted, or does not speak TLS.</exception>
    public async Task<Stream> HandshakeAsync(Stream plain, CancellationToken cancel)
    {
        SslStream tls = new(plain);
        try
        {
            LoadedCertificates? certificates = files?.Current;
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    // An address without the brackets of IPv6.
                    TargetHost = url.DnsSafeHost,
                    EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
                    ApplicationProtocols = [SslApplicationProtocol.Http11],
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    CertificateChainPolicy = certificates?.CreateChainPolicy() ?? PeerTrust.CreatePolicy(null),
                    // As it was built when the files were read. From the callback's certificate alone, .NET would build another chain and fetch what is missing in it.
                    ClientCertificateContext = certificates?.Own,
                    LocalCertificateSelectionCallback = (_, _, _, remote, _) =>
                    {
                        // Called once before the handshake, without the other's certificate, and again if the agent asks.
                        _certificateWanted |= remote is not null;
                        return certificates?.Own?.TargetCertificate!;
                    },
                    RemoteCertificateValidationCallback = (_, certificate, chain, errors) =>
                    {
                        _certificateSeen = true;
                        _distrust = errors == SslPolicyErrors.None ? null : Describe(certificate as X509Certificate2, chain, errors);
                        return _distrust is null;
                    },
                },
                cancel);

            // What was given is shown only to those who ask.
            _certificateWanted |= tls.LocalCertificate is not null;
            return tls;
        }
        catch (Exception fault) when (fault is AuthenticationException or IOException)
        {
            await tls.DisposeAsync();
            throw new ApiUntrustedException(Explain(fault), fault);
        }
        catch
        {
            await tls.DisposeAsync();
            throw;
        }
    }

    /// <summary>Why a connection broke off before its first answer, if TLS explains it: with TLS 1.3 the agent judges a client after the handshake.</summary>
    public string? ExplainEnd() => !_certificateWanted ? null : files?.Current?.Own is null
        ? $"{Place} wants a client certificate: give --tls-cert and --tls-key"
        : $"{Place} does not accept the client certificate; it has to be signed by the agent's API_TLS_CLIENT_CA, and not be expired";

    private string Explain(Exception fault)
    {
        if (_distrust is not null)
        {
            return $"{Place}: {_distrust}";
        }

        if (ExplainEnd() is { } end)
        {
            return end;
        }

        // A TLS alert would be an inner exception; this is an answer that is no TLS, or none at all.
        return !_certificateSeen && fault is AuthenticationException { InnerException: null } or IOException
            ? $"{Place} does not speak TLS; if the agent has no certificate, use http"
            : $"no TLS with {Place}: {(fault.InnerException ?? fault).Message.ReplaceLineEndings(" ")}";
    }

    private string Describe(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
        {
            return "the agent shows no certificate";
        }

        X509ChainStatusFlags status = X509ChainStatusFlags.NoError;
        foreach (X509ChainStatus item in chain?.ChainStatus ?? [])
        {
            status |= item.Status;
        }

        DateTime now = DateTime.UtcNow;
        if (now > certificate.NotAfter.ToUniversalTime())
        {
            return $"the agent's certificate expired at {Time(certificate.NotAfter)}";
        }

        if (now < certificate.NotBefore.ToUniversalTime())
        {
            return $"the agent's certificate is valid from {Time(certificate.NotBefore)} only; is this host's clock right?";
        }

        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) && !errors.HasFlag(SslPolicyErrors.RemoteCertificateChainErrors))
        {
            return $"the agent's certificate is for {Names(certificate)}, not for {url.DnsSafeHost}";
        }

        return files?.CaFile is { } ca
            ? $"the agent's certificate ({certificate.Subject}, issued by {certificate.Issuer}) is not trusted by {ca}: {status}"
            : $"the agent's certificate ({certificate.Subject}, issued by {certificate.Issuer}) is not trusted: {status}; give its authority with --tls-ca FILE";
    }

    private static string Names(X509Certificate2 certificate)
    {
        foreach (X509Extension extension in certificate.Extensions)
        {
            if (extension is X509SubjectAlternativeNameExtension names)
            {
                return string.Join(", ", names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(address => address.ToString())));
            }
        }

        return certificate.Subject;
    }

    private static string Time(DateTime time) => time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
