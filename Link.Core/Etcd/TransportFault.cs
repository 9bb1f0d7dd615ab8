using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Link.Core.Etcd;

/// <summary>Turns nested exceptions of sockets, TLS and HTTP/2 into a few words.</summary>
internal static class TransportFault
{
    public const string Closed = "connection closed by the member";
    private const string UseHttp = "; if etcd has no TLS, use http";

    public static string Describe(Exception fault, TimeSpan connectTimeout)
    {
        for (Exception? part = fault; part is not null; part = part.InnerException)
        {
            switch (part)
            {
                case SocketException socket:
                    return Describe(socket) + (IsHandshake(fault) ? UseHttp : "");
                case TimeoutException:
                    return $"no connection within {Text(connectTimeout)}";
                case HttpIOException { HttpRequestError: HttpRequestError.ResponseEnded }:
                // What it said was no HTTP/2, as of a port that speaks TLS, or HTTP/1.
                case HttpRequestException { HttpRequestError: HttpRequestError.InvalidResponse }:
                    return Closed;
                case HttpProtocolException protocol:
                    return $"HTTP/2 error {protocol.ErrorCode}: {protocol.Message}";
                case ObjectDisposedException:
                    return "connection closed";
            }
        }
        Exception root = fault.GetBaseException();
        // The connection ended while a body was being sent.
        if (root is OperationCanceledException)
            return Closed;
        if (!IsHandshake(fault))
            return root.Message;
        // A TLS alert would be an exception of OpenSSL; this is an answer that is no TLS, or none at all.
        return $"TLS handshake failed: {root.Message}{(root is AuthenticationException or IOException ? UseHttp : "")}";
    }

    public static bool IsHandshake(Exception fault)
    {
        for (Exception? part = fault; part is not null; part = part.InnerException)
            if (part is AuthenticationException or HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError })
                return true;
        return false;
    }

    /// <summary>
    /// In TLS 1.3 the client is through with the handshake before the member looks at its certificate: the refusal comes as an alert
    /// behind the first request, which was not executed.
    /// </summary>
    public static bool IsRefusedCertificate(Exception fault)
    {
        string root = fault.GetBaseException().Message;
        return root.Contains("SSL routines", StringComparison.Ordinal)
            && root.Contains("alert", StringComparison.Ordinal) && root.Contains("certificate", StringComparison.Ordinal);
    }

    public static string Text(TimeSpan duration) => string.Create(CultureInfo.InvariantCulture, $"{Math.Round(duration.TotalSeconds, 3)} s");

    private static string Describe(SocketException fault) => fault.SocketErrorCode switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset or SocketError.Shutdown or SocketError.ConnectionAborted => "connection reset",
        SocketError.HostUnreachable => "no route to host",
        SocketError.NetworkUnreachable => "network unreachable",
        SocketError.TimedOut => "connection timed out",
        SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "host name not found",
        SocketError.OperationAborted => "connection closed",
        _ => fault.Message,
    };
}
