using System.Buffers;
using System.Collections.Frozen;

namespace Link.Core.Plugins.Webhook;

/// <summary>Which headers a configuration may set.</summary>
internal static class HeaderNames
{
    public const string ResourceId = "X-Link-Webhook-Resource-ID";
    public const string Timestamp = "X-Link-Webhook-Timestamp";
    public const string Signature = "X-Link-Webhook-Signature";
    public const string ContentType = "Content-Type";

    private const string Ours = "X-Link-Webhook-";

    /// <summary>RFC 9110, 5.6.2.</summary>
    private static readonly SearchValues<char> s_token = SearchValues.Create("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>What frames the message, belongs to one connection only (RFC 9110, 7.6.1), or is always as LinK sends it.</summary>
    private static readonly FrozenSet<string> s_reserved = FrozenSet.Create(
        StringComparer.OrdinalIgnoreCase,
        "Host", "Content-Length", ContentType, "Content-Encoding", "Transfer-Encoding", "TE", "Trailer", "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate",
        "Proxy-Authorization", "Upgrade", "Expect");

    public static bool IsToken(string name) => name.Length > 0 && !name.AsSpan().ContainsAnyExcept(s_token);

    /// <summary>True for a header that the agent sets itself, or nobody.</summary>
    public static bool IsReserved(string name) => s_reserved.Contains(name) || name.StartsWith(Ours, StringComparison.OrdinalIgnoreCase);

    /// <summary>RFC 9110, 5.5: no control characters but the tab.</summary>
    public static bool IsValue(string value) => !value.Any(static c => char.IsControl(c) && c != '\t');
}
