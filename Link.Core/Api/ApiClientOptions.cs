using System.Net;
using Link.Core.Files;

namespace Link.Core.Api;

/// <summary>Where an agent is, and how to be let in.</summary>
internal sealed record ApiClientOptions
{
    /// <summary>The agent's URL over TCP, such as <c>http://127.0.0.1:1313</c>, or <c>https</c>; null: the Unix socket only.</summary>
    public Uri? Url { get; init; }

    /// <summary>The agent's Unix socket; null: TCP only. With both, TCP is tried when the socket does not let us in.</summary>
    public string? SocketPath { get; init; }

    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>For <c>https</c>: the authorities to trust and the certificate to show, read already; null: the system's authorities, and none.</summary>
    public CertificateFiles? Tls { get; init; }

    /// <summary>Whether a password would go over a network in clear.</summary>
    public bool ShowsPassword => !string.IsNullOrEmpty(Password) && Url is { } url && url.Scheme == Uri.UriSchemeHttp
        && !(IPAddress.TryParse(url.DnsSafeHost, out IPAddress? address) ? IPAddress.IsLoopback(address) : url.Host == "localhost");

    /// <summary>Deadline of one request.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where requests go, for messages.</summary>
    public string Target => (SocketPath, Url) switch
    {
        ({ } path, null) => path,
        ({ } path, { } url) => $"{path} or {WithPort(url)}",
        (null, { } url) => WithPort(url),
        _ => "nowhere",
    };

    // Also the port that a URL leaves out, 80 or 443: whoever left it out meant 1313, perhaps.
    private static string WithPort(Uri url) => $"{url.Scheme}://{url.Host}:{url.Port}";
}
