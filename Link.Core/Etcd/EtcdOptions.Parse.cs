using System.Globalization;
using Link.Core.Configuration;

namespace Link.Core.Etcd;

internal sealed partial record EtcdOptions
{
    private const int DefaultPort = 2379;
    private const int MaximalEndpoints = 64;

    /// <summary>
    /// Reads a comma list of URLs: http, https, or a bare host:port, which is http; the port defaults to 2379, and an IPv6 literal
    /// stands in brackets. <paramref name="user"/> and <paramref name="password"/> win over a user:password in an URL. Faults are
    /// added to <paramref name="faults"/>, all of them, and without the password; the result is usable only if there are none.
    /// </summary>
    public static EtcdOptions Parse(
        string urls, ICollection<string> faults, string? user = null, string? password = null,
        string? certificateFile = null, string? keyFile = null, string? caFile = null)
    {
        var endpoints = new List<Uri>();
        foreach (string item in urls.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            (string url, string? userInfo) = SplitUserInfo(item);
            if (ParseEndpoint(url, faults) is not { } endpoint)
                continue;
            if (!endpoints.Contains(endpoint))
                endpoints.Add(endpoint);
            if (userInfo is null || user is not null)
                continue;
            int colon = userInfo.IndexOf(':', StringComparison.Ordinal);
            user = Uri.UnescapeDataString(colon < 0 ? userInfo : userInfo[..colon]);
            password ??= colon < 0 ? null : Uri.UnescapeDataString(userInfo[(colon + 1)..]);
        }

        if (endpoints.Count == 0 && faults.Count == 0)
            faults.Add("no etcd endpoint given: expected a comma list such as http://10.0.0.1:2379,http://10.0.0.2:2379");
        if (endpoints.Count > MaximalEndpoints)
            faults.Add($"{endpoints.Count} etcd endpoints given, at most {MaximalEndpoints} are used");
        if (endpoints.Select(endpoint => endpoint.Scheme).Distinct().Count() > 1)
            faults.Add("etcd endpoints mix http and https: use one of them for all members");
        if (string.IsNullOrEmpty(user) != string.IsNullOrEmpty(password))
            faults.Add(string.IsNullOrEmpty(user) ? "an etcd password is given without a user" : $"etcd user {user} is given without a password");
        if (certificateFile is null != keyFile is null)
            faults.Add(certificateFile is null ? "an etcd client key is given without its certificate" : "an etcd client certificate is given without its key");

        return new EtcdOptions
        {
            Endpoints = endpoints,
            User = string.IsNullOrEmpty(user) ? null : user,
            Password = string.IsNullOrEmpty(password) ? null : password,
            CertificateFile = certificateFile,
            KeyFile = keyFile,
            CaFile = caFile,
        };
    }

    /// <summary>Takes user:password off first, so that no later message can repeat it.</summary>
    private static (string Url, string? UserInfo) SplitUserInfo(string item)
    {
        int at = item.LastIndexOf('@');
        if (at < 0)
            return (item, null);
        int scheme = item.IndexOf("://", StringComparison.Ordinal);
        int start = scheme >= 0 && scheme < at ? scheme + 3 : 0;
        return (string.Concat(item.AsSpan(0, start), item.AsSpan(at + 1)), item[start..at]);
    }

    private static Uri? ParseEndpoint(string url, ICollection<string> faults)
    {
        string full = url.Contains("://", StringComparison.Ordinal) ? url : "http://" + url;
        if (!AbsoluteUrl.TryParse(full, out Uri? uri) || uri.Host.Length == 0)
        {
            faults.Add($"etcd endpoint \"{url}\" is no URL: expected http://host:port, https://host:port, host:port, or http://[IPv6]:port");
            return null;
        }
        if (uri.Scheme is not ("http" or "https"))
        {
            faults.Add($"etcd endpoint \"{url}\" has the scheme {uri.Scheme}: expected http or https");
            return null;
        }
        if (uri.AbsolutePath != "/" || uri.Query.Length > 0 || uri.Fragment.Length > 0)
        {
            faults.Add($"etcd endpoint \"{url}\" has a path: expected {uri.Scheme}://{uri.Authority} alone");
            return null;
        }
        return HasPort(full) ? uri : new UriBuilder(uri) { Port = DefaultPort }.Uri;
    }

    /// <summary>Uri cannot tell http://host:80 from http://host.</summary>
    private static bool HasPort(string url)
    {
        string authority = url[(url.IndexOf("://", StringComparison.Ordinal) + 3)..].TrimEnd('/');
        int colon = authority.LastIndexOf(':');
        return colon > authority.LastIndexOf(']')
            && int.TryParse(authority.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out _);
    }
}
