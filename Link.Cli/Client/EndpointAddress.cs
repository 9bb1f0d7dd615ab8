using System.Net;
using Link.Core.Api;

namespace Link.Cli.Client;

/// <summary>What an endpoint is known by, besides its id.</summary>
internal static class EndpointAddress
{
    /// <summary>The address with its prefix; the election key of endpoints without one. Agents of LinK 3 tell the key only.</summary>
    public static string Of(EndpointSnapshot endpoint)
    {
        if (endpoint.Ip is { Length: > 0 } ip)
        {
            return ip;
        }

        int underscore = endpoint.ElectionKey.LastIndexOf('_');
        return endpoint.Plugin == "arp" && underscore > 0
            ? $"{endpoint.ElectionKey[..underscore]}/{endpoint.ElectionKey[(underscore + 1)..]}"
            : endpoint.ElectionKey;
    }

    /// <summary>Whether <paramref name="text"/> is the endpoint's address, with its prefix or without.</summary>
    public static bool Matches(EndpointSnapshot endpoint, string text)
    {
        (IPAddress? wanted, string? wantedPrefix) = Split(text);
        (IPAddress? has, string? prefix) = Split(Of(endpoint));
        return wanted is not null && wanted.Equals(has) && (wantedPrefix is null || wantedPrefix == prefix);
    }

    private static (IPAddress? Address, string? Prefix) Split(string text)
    {
        int slash = text.IndexOf('/');
        string address = slash < 0 ? text : text[..slash];

        // IPAddress takes "1" for 0.0.0.1; here it is the start of an id.
        return address.AsSpan().IndexOfAny('.', ':') >= 0 && IPAddress.TryParse(address, out IPAddress? parsed)
            ? (parsed, slash < 0 ? null : text[(slash + 1)..])
            : (null, null);
    }
}
