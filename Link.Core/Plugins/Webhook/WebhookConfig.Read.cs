using System.Buffers;
using System.Text.Json;
using Link.Core.Configuration;
using Link.Core.Secrets;

namespace Link.Core.Plugins.Webhook;

internal sealed partial record WebhookConfig
{
    private const int MaxUrl = 2048;
    private const int MaxResourceId = 128;
    private const int MaxSecret = 1024;
    private const int MaxHeaders = 32;
    private const int MaxHeaderName = 128;
    private const int MaxHeaderValue = 4096;
    private const int MaxCa = 64 * 1024;
    private const string WantedId = "must be a name that all hosts of this resource give, such as front-1";

    private static readonly SearchValues<char> s_idCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:@+=~/");

    /// <param name="stored">
    /// False: what a user wants. True: what is in etcd, secrets in clear; unknown fields are ignored, and so are doubts about what LinK has sent so far.
    /// </param>
    public static Validated<WebhookConfig> Read(JsonElement config, bool stored)
    {
        var read = new ConfigReader(WebhookPlugin.PluginName, """{"url":"https://lb.example/vip","resource_id":"front","secret":"..."}""", config, stored);
        Uri? url = ReadUrl(read);
        string? resourceId = ReadResourceId(read);
        string? secret = ReadSecret(read);
        List<KeyValuePair<string, Secret>> headers = ReadHeaders(read);
        string? ca = ReadCa(read);
        string? onEtcdLoss = read.OnEtcdLoss();
        return read.Finish(() => new WebhookConfig(url!, resourceId!, new Secret(secret!), headers, ca) { OnEtcdLoss = onEtcdLoss });
    }

    /// <summary>The election key of a stored configuration, whatever the rest of it is like; null: it cannot be told.</summary>
    public static string? FindElectionKey(JsonElement config) =>
        ConfigReader.Peek(config, "resource_id") is { } id && ResourceIdFault(id, stored: true) == null ? KeyOf(id) : null;

    private static Uri? ReadUrl(ConfigReader read)
    {
        const string Wanted = "must be an http or https URL such as https://lb.example/vip";
        FieldErrors errors = read.Errors;
        if (read.Text("url", missing: $"is missing; {Wanted}") is not { } url)
            return null;

        // Not told: the URL itself, which may hold a password.
        if (!AbsoluteUrl.TryParse(url, out Uri? parsed) || (parsed.Scheme != Uri.UriSchemeHttp && parsed.Scheme != Uri.UriSchemeHttps) || parsed.Host.Length == 0)
        {
            errors.Add("url", $"is no URL that can be called; {Wanted}");
            return null;
        }

        if (parsed.Port == 0)
            errors.Add("url", "names port 0; must be 1 to 65535");
        if (read.IsStored)
            return parsed;
        if (url.Length > MaxUrl)
            errors.Add("url", $"has {url.Length} characters; at most {MaxUrl}");
        if (url.Any(static c => char.IsWhiteSpace(c) || char.IsControl(c)))
            errors.Add("url", "has white space or control characters; write them as %20 and so on");
        if (parsed.UserInfo.Length > 0 || url.AsSpan(url.IndexOf("//", StringComparison.Ordinal) + 2).IndexOf('@') is var at and >= 0 && url.AsSpan(0, at).IndexOfAny('/', '?', '#') < 0)
            errors.Add("url", "holds a user or password, which everybody who may list endpoints would see; give an Authorization header instead");
        if (url.Contains('#', StringComparison.Ordinal))
            errors.Add("url", "has a fragment (#), which is never sent; leave it out");
        return parsed;
    }

    private static string? ReadResourceId(ConfigReader read)
    {
        string? id = read.Text("resource_id", missing: $"is missing; {WantedId}");
        if (id is not null && ResourceIdFault(id, read.IsStored) is { } fault)
            read.Errors.Add("resource_id", fault);
        return id;
    }

    // It becomes a part of keys in etcd and the value of a header.
    private static string? ResourceIdFault(string id, bool stored) =>
        id.Length == 0 ? $"is empty; {WantedId}"
        : !HeaderNames.IsValue(id) ? "has control characters"
        : stored ? null
        : id.AsSpan().ContainsAnyExcept(s_idCharacters) ? "has other characters than letters A to Z, digits and . _ - : @ + = ~ /"
        : id[0] == '/' || id[^1] == '/' || id.Contains("//", StringComparison.Ordinal) ? "has an empty part: a / at its start or end, or two in a row"
        : id.Length > MaxResourceId ? $"has {id.Length} characters; at most {MaxResourceId}"
        : null;

    private static string? ReadSecret(ConfigReader read)
    {
        string? secret = read.Text("secret", missing: "is missing; must be the key by which the receiver checks signatures");
        if (secret is { Length: 0 } && !read.IsStored)
            read.Errors.Add("secret", "is empty: everybody could sign; must be the key by which the receiver checks signatures");
        else if (secret is { Length: > MaxSecret } && !read.IsStored)
            read.Errors.Add("secret", $"has {secret.Length} characters; at most {MaxSecret}");
        return secret;
    }

    private static string? ReadCa(ConfigReader read)
    {
        string? ca = read.Text("ca");
        string? fault = null;
        if (ca is { Length: > MaxCa })
            fault = $"has {ca.Length} characters; at most {MaxCa}";
        else if (ca is not null && ca.Contains("PRIVATE KEY", StringComparison.Ordinal))
            fault = "holds a private key, which would be stored and shown in clear; give the certificates alone";
        else if (ca is not null && OutboundHttp.ReadCa(ca, out string? broken) == null)
            fault = $"{broken}; must be the text of a PEM file, -----BEGIN CERTIFICATE----- and so on";
        if (fault != null)
            read.Errors.Add("ca", fault);
        return ca;
    }

    private static List<KeyValuePair<string, Secret>> ReadHeaders(ConfigReader reader)
    {
        List<KeyValuePair<string, Secret>> read = [];
        FieldErrors errors = reader.Errors;
        if (!reader.Has("headers", out JsonElement headers))
            return read;
        if (headers.ValueKind != JsonValueKind.Object)
        {
            errors.Add("headers", """must be an object such as {"Authorization":"Bearer ..."}""");
            return read;
        }

        if (!reader.IsStored && headers.GetPropertyCount() is > MaxHeaders and var count)
        {
            errors.Add("headers", $"are {count}; at most {MaxHeaders}");
            return read;
        }

        HashSet<string> names = new(StringComparer.OrdinalIgnoreCase);
        foreach (JsonProperty header in headers.EnumerateObject())
        {
            string name = header.Name;
            if (header.Value.ValueKind != JsonValueKind.String)
            {
                errors.Add($"headers.{ForeignText.OneLine(name, MaxHeaderName)}", "must be a string");
                continue;
            }

            string value = header.Value.GetString()!;
            read.Add(new KeyValuePair<string, Secret>(name, new Secret(value)));
            // What LinK stored and cannot be sent is left out of the request.
            if (!reader.IsStored && HeaderFault(name, value, names) is { } fault)
                errors.Add($"headers.{ForeignText.OneLine(name, MaxHeaderName)}", fault);
        }

        return read;
    }

    private static string? HeaderFault(string name, string value, HashSet<string> names) =>
        !HeaderNames.IsToken(name) ? "is no header's name: letters, digits and -"
        : name.Length > MaxHeaderName ? $"has a name of {name.Length} characters; at most {MaxHeaderName}"
        : HeaderNames.IsReserved(name) ? "is set by the agent or belongs to the connection; leave it out"
        : !names.Add(name) ? "is given twice; header names do not differ by case"
        : !HeaderNames.IsValue(value) ? "has a line break or another control character in its value"
        : value.Length > MaxHeaderValue ? $"has a value of {value.Length} characters; at most {MaxHeaderValue}"
        : null;
}
