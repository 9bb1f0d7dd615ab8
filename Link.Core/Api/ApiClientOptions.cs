namespace Link.Core.Api;

/// <summary>Where an agent is, and how to be let in.</summary>
internal sealed record ApiClientOptions
{
    /// <summary>The agent's URL over TCP, such as <c>http://127.0.0.1:1313</c>; null: the Unix socket only.</summary>
    public Uri? Url { get; init; }

    /// <summary>The agent's Unix socket; null: TCP only. With both, TCP is tried when the socket does not let us in.</summary>
    public string? SocketPath { get; init; }

    public string? User { get; init; }

    public string? Password { get; init; }

    /// <summary>Deadline of one request.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where requests go, for messages.</summary>
    public string Target => (SocketPath, Url) switch
    {
        ({ } path, null) => path,
        ({ } path, { } url) => $"{path} or {url.GetLeftPart(UriPartial.Authority)}",
        (null, { } url) => url.GetLeftPart(UriPartial.Authority),
        _ => "nowhere",
    };
}
