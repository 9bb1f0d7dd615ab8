using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;

namespace Link.Core.Plugins;

/// <summary>Puts what fails on the way into the operator's words. Each goes on from "host:port ".</summary>
internal sealed partial class OutboundHttp
{
    /// <summary>Why a certificate was refused. Thrown out of the handshake, so that it is told of the right connection.</summary>
    private sealed class DistrustException(string message) : Exception(message);

    private bool Verify(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors) =>
        errors == SslPolicyErrors.None ? true : throw new DistrustException(Describe(certificate as X509Certificate2, chain, errors));

    private string Describe(X509Certificate2? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable))
            return "shows no certificate";
        string subject = ForeignText.OneLine(certificate.Subject);
        if (errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
            return $"shows the certificate of somebody else ({subject}): it is not valid for this name; use a name that the certificate has";
        if (DateTime.UtcNow > certificate.NotAfter.ToUniversalTime())
            return string.Create(CultureInfo.InvariantCulture, $"shows a certificate ({subject}) that ended on {certificate.NotAfter.ToUniversalTime():yyyy-MM-dd}; renew it there");
        string status = chain is null ? "" : string.Join(", ", new HashSet<string>(Array.ConvertAll(chain.ChainStatus, static item => item.Status.ToString())));
        string by = _roots is null ? "this host's CAs; is the CA a private one?" : "the configured ca";
        return $"shows a certificate ({subject}, issued by {ForeignText.OneLine(certificate.Issuer)}) that is not trusted by {by} ({status})";
    }

    /// <summary>The deadline has passed, or the request is not wanted any more.</summary>
    private static string Late(bool answers, TimeSpan elapsed) => string.Create(
        CultureInfo.InvariantCulture,
        $"{(answers ? "did not end its answer" : "gave no answer")} within {elapsed.TotalSeconds:0.#} s; is it overloaded, or something between?");

    /// <summary>What .NET says of an answer that is not HTTP quotes it: the greeting of a server of something else.</summary>
    private static string? Quote(Exception fault) => fault.GetBaseException() is HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse }
        or HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse } ? ForeignText.OneLine(fault.GetBaseException().Message) : null;

    private static string Explain(Exception fault)
    {
        for (Exception? part = fault; part != null; part = part.InnerException)
        {
            switch (part)
            {
                case DistrustException:
                    return part.Message;
                case OutboundRefusedException:
                    return $"may not be called: {part.Message}";
                case SocketException socket:
                    return Explain(socket);
                case TimeoutException:
                    return $"gives no connection within {ConnectTimeout.TotalSeconds} s; check routes, firewalls and TLS there";
                case HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError, InnerException: IOException { InnerException: null } }:
                    return "closed the connection within the TLS handshake; is it an https port?";
                case AuthenticationException:
                    return $"does not agree on TLS: {ForeignText.OneLine(fault.GetBaseException().Message)}; is it an https port?";
                case HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded }:
                    return "closed the connection before its answer was complete; look at its log";
                case HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse } or HttpIOException { HttpRequestError: HttpRequestError.InvalidResponse }:
                    return "does not answer as HTTP does; check scheme and port of the URL";
                case HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } or HttpIOException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded }:
                    return $"answers with more than {MaxHeadersKiB} KiB of headers";
            }
        }

        return $"cannot be asked: {ForeignText.OneLine(fault.GetBaseException().Message)}";
    }

    private static string Explain(SocketException fault) => fault.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "refuses the connection; does anything listen there?",
        SocketError.ConnectionReset or SocketError.Shutdown or SocketError.ConnectionAborted => "reset the connection; look at its log, and check scheme and port of the URL",
        SocketError.HostUnreachable or SocketError.NetworkUnreachable => "cannot be reached: no route; check this host's routes",
        SocketError.TimedOut => $"gives no connection within {ConnectTimeout.TotalSeconds} s; check routes and firewalls",
        SocketError.HostNotFound or SocketError.NoData => "has no address: the name is not known; check the URL and this host's DNS",
        SocketError.TryAgain => "has no address: the name servers do not answer; check this host's DNS",
        _ => $"cannot be reached: {ForeignText.OneLine(fault.Message)}",
    };
}
