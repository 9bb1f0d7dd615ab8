using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace Link.Tests.Bed;

/// <summary>A request of a webhook.</summary>
internal sealed record HookRequest(IReadOnlyDictionary<string, string> Headers, string Body)
{
    internal string Status => (string)Field("status")!;

    internal string ResourceId => (string)Field("resource_id")!;

    internal string Hostname => (string)Field("hostname")!;

    internal string EndpointId => (string)Field("endpoint_id")!;

    /// <summary>Who may have one call under way.</summary>
    internal (string Host, string Endpoint) Caller => (Hostname, EndpointId);

    /// <summary>0: the request has none.</summary>
    internal long Revision => (long?)Field("revision") ?? 0;

    internal string DeliveryId => (string)Field("delivery_id")!;

    /// <summary>Null: there is more to come.</summary>
    internal static HookRequest? TryRead(string text)
    {
        var end = text.IndexOf("\r\n\r\n", StringComparison.Ordinal);
        if (end < 0)
            return null;
        var headers = text[..end].Split("\r\n").Skip(1).Select(static line => line.Split(": ", 2)).ToDictionary(static pair => pair[0], static pair => pair[1], StringComparer.OrdinalIgnoreCase);
        var body = text[(end + 4)..];
        return body.Length < int.Parse(headers.GetValueOrDefault("Content-Length", "0"), CultureInfo.InvariantCulture) ? null : new HookRequest(headers, body);
    }

    private JsonNode? Field(string name) => JsonNode.Parse(Body)![name];

    /// <summary>True when this is the secret that it was signed with.</summary>
    internal bool IsSignedWith(string secret) => Headers["X-Link-Webhook-Signature"] == Convert.ToHexStringLower(
        HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes($"{Headers["X-Link-Webhook-Timestamp"]}.{Body}")));
}
