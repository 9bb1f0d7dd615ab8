using System.Net;
using Link.Core.Configuration;

namespace Link.Core.Plugins.Outscale;

/// <summary>Where the API is: <c>https://api.{region}.outscale.com/api/v1</c>, or what OSC_ENDPOINT_API says.</summary>
internal static class OutscaleEndpoint
{
    public const string Accepts = "an https URL such as https://api.eu-west-2.outscale.com, with or without /api/v1; http is for loopback addresses only";

    private const string DefaultPath = "/api/v1";

    /// <param name="region">In lower case.</param>
    /// <returns>Without a slash at its end; the name of an action follows.</returns>
    public static Uri Of(string region) => new($"https://api.{region}.outscale.com{DefaultPath}");

    /// <summary>
    /// Reads OSC_ENDPOINT_API. Outscale's own tools disagree on whether it has the path, so both are taken.
    /// </summary>
    /// <param name="fault">What is wrong with the text; null: nothing.</param>
    public static Uri? Parse(string text, out string? fault)
    {
        Uri? uri = null;
        fault = !AbsoluteUrl.TryParse(text, out uri) || !HasHost(uri) ? "is not a URL"
            : uri.Scheme is not ("https" or "http") ? $"is {uri.Scheme}, not https"
            : uri.UserInfo.Length > 0 ? "has a user; requests are signed with the endpoint's keys"
            : uri.Query.Length > 0 || uri.Fragment.Length > 0 ? "has a query or a fragment"
            // A signed request that is read on its way can be sent once more for five minutes.
            : uri.Scheme == "http" && !IsLoopback(uri) ? "is http, where everybody on the way can read and repeat requests"
            : null;
        if (fault is not null)
            return null;
        string path = uri!.AbsolutePath.TrimEnd('/');
        return new UriBuilder(uri) { Path = path.Length == 0 ? DefaultPath : path }.Uri;
    }

    private static bool IsLoopback(Uri uri) => uri.IdnHost == "localhost" || (IPAddress.TryParse(uri.IdnHost, out IPAddress? address) && IPAddress.IsLoopback(address));

    /// <summary>Whether DNS can be asked for it: Uri takes other names, and throws when it is to write them.</summary>
    private static bool HasHost(Uri uri)
    {
        try
        {
            return uri.IdnHost.Length > 0;
        }
        catch (UriFormatException)
        {
            return false;
        }
    }
}
