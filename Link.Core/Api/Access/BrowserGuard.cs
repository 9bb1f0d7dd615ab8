using System.Net;
using System.Net.Sockets;
using Link.Core.Configuration;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Link.Core.Api.Access;

/// <summary>
/// Refuses what a browser sends on behalf of somebody else's page. A browser on this host, or in its network, reaches the API as its user does, and would
/// send it what any page likes.
/// </summary>
/// <remarks>
/// A browser names the page: in <c>Origin</c> with everything but a plain GET, and in <c>Sec-Fetch-Site</c> with every request to loopback or by https.
/// A page of a name that its owner lets point here (DNS rebinding) has the API's own origin, but in <c>Host</c> a name that is not ours. Where
/// credentials are asked such a page has none, since browsers keep them by origin. Bodies are of a type that a page cannot send without asking first
/// (OPTIONS), which is refused as well.
/// </remarks>
/// <param name="asksWhoComes">Whether TCP asks for credentials or certificates.</param>
internal sealed class BrowserGuard(bool asksWhoComes)
{
    private const int MaxEcho = 100;
    private const string Localhost = "localhost";
    private const string FetchSite = "Sec-Fetch-Site";
    private const string FetchHeaders = "Sec-Fetch-";

    // LinK's clients send no content type, and Go's name. Pages can leave out the type as well, but neither take this name nor hide their origin.
    private const string GoClient = "Go-http-client/";

    private static readonly ApiAnswer s_foreignPage = ApiAnswer.Error(403, "a web page of another origin sent this (Origin, Sec-Fetch-Site); the API answers none");

    public static BrowserGuard For(ApiOptions options) =>
        new(!string.IsNullOrEmpty(options.Password) || options.UsersFile is not null || options.ClientCaFile is not null);

    /// <summary>The answer that refuses the request; null: it may go on.</summary>
    public ApiAnswer? Refuse(IHeaderDictionary headers, ConnectionOriginFeature connection)
    {
        string host = headers.Host.ToString();
        if (!IsOwnSite(headers[FetchSite]) || !IsOwnOrigin(headers.Origin, host))
        {
            return s_foreignPage;
        }

        if (asksWhoComes || connection.Origin == ConnectionOrigin.UnixSocket || IsOwnName(host, connection))
        {
            return null;
        }

        string shown = host.Length <= MaxEcho ? host : host[..MaxEcho];
        return ApiAnswer.Error(403, $"Host \"{shown}\" is refused while the API asks for no credentials, since any web page may go by such a name: "
            + "use localhost, 127.0.0.1, [::1] or the address that you connect to, or set PASSWORD");
    }

    /// <summary>415 for a body of another type than JSON; null: it is, or there is no body.</summary>
    public static ApiAnswer? RefuseBody(IHeaderDictionary headers)
    {
        if (headers.ContentLength is null or 0 && headers.TransferEncoding.Count == 0)
        {
            return null;
        }

        return headers.ContentType.Count == 0 && IsGoClient(headers) || IsJson(headers.ContentType)
            ? null
            : ApiAnswer.Error(415, "the body is of another type than JSON: send Content-Type: application/json");
    }

    private static bool IsOwnSite(StringValues site) => site.Count == 0 || site.Count == 1 && site[0] is "none" or "same-origin";

    /// <summary>An origin is <c>SCHEME://HOST[:PORT]</c>, or <c>null</c> where the browser does not tell.</summary>
    private static bool IsOwnOrigin(StringValues origin, string host)
    {
        if (origin.Count == 0)
        {
            return true;
        }

        if (origin.Count > 1 || !AbsoluteUrl.TryParse(origin[0], out Uri? page) || page.Scheme != Uri.UriSchemeHttp && page.Scheme != Uri.UriSchemeHttps)
        {
            return false;
        }

        // What stands in Host leaves out the port of its scheme, as an origin does.
        string authority = origin[0]![(page.Scheme.Length + Uri.SchemeDelimiter.Length)..];
        return host.Length > 0 && authority.Equals(host, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Names of this host that no page can have: loopback's, and the address that the client has connected to. HTTP/1.0 may name none.</summary>
    private static bool IsOwnName(string host, ConnectionOriginFeature connection)
    {
        string name = NameOf(host);
        if (name.Length == 0 || name.Equals(Localhost, StringComparison.OrdinalIgnoreCase))
        {
            return true;
        }

        // IPAddress takes other ways to write one, too: 0x7f.1 may be a name in somebody's DNS.
        if (!IPAddress.TryParse(name, out IPAddress? address) || address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != name)
        {
            return false;
        }

        return IPAddress.IsLoopback(address) || connection.LocalAddress is { } own && Plain(own).Equals(Plain(address));
    }

    /// <summary><c>localhost.:1313</c> is <c>localhost</c>, <c>[::1]:1313</c> is <c>::1</c>.</summary>
    private static string NameOf(string host)
    {
        if (host.StartsWith('['))
        {
            int end = host.IndexOf(']');
            return end < 0 ? host : host[1..end];
        }

        int colon = host.IndexOf(':');
        string name = colon < 0 ? host : host[..colon];
        return name.EndsWith('.') ? name[..^1] : name;
    }

    private static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4()
        : address.AddressFamily == AddressFamily.InterNetworkV6 && address.ScopeId != 0 ? new IPAddress(address.GetAddressBytes())
        : address;

    private static bool IsGoClient(IHeaderDictionary headers)
    {
        if (headers.UserAgent.Count != 1 || !headers.UserAgent[0]!.StartsWith(GoClient, StringComparison.Ordinal))
        {
            return false;
        }

        foreach (string name in headers.Keys)
        {
            if (name.Equals("Origin", StringComparison.OrdinalIgnoreCase) || name.StartsWith(FetchHeaders, StringComparison.OrdinalIgnoreCase))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsJson(StringValues type)
    {
        if (type.Count != 1)
        {
            return false;
        }

        ReadOnlySpan<char> media = type[0];
        int parameters = media.IndexOf(';');
        return (parameters < 0 ? media : media[..parameters]).Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase);
    }
}
