using System.Buffers;
using System.Text.Json;
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
    private const string Fields = "url, resource_id, secret, headers, ca and on_etcd_loss";

    private static readonly SearchValues<char> s_idCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-:@+=~/");

    /// <param name="stored">
    /// False: what a user wants. True: what is in etcd, secrets in clear; unknown fields are ignored, and so are doubts about what LinK has sent so far.
    /// </param>
    public static Validated<WebhookConfig> Read(JsonElement config, bool stored)
    {
        var errors = new FieldErrors();
        if (config.ValueKind != JsonValueKind.Object)
        {
            errors.Add("plugin_config", """must be an object such as {"url":"https://lb.example/vip","resource_id":"front","secret":"..."}""");
            return new Validated<WebhookConfig>(null, errors.ToDictionary());
        }

        string? url = null, resourceId = null, secret = null, ca = null, onEtcdLoss = null;
        IReadOnlyList<KeyValuePair<string, Secret>> headers = [];
        foreach (JsonProperty field in config.EnumerateObject())
        {
            switch (field.Name)
            {
                case "url":
                    url = Text(field, errors);
                    break;
                case "resource_id":
                    resourceId = Text(field, errors);
                    break;
                case "secret":
                    secret = Text(field, errors);
                    break;
                case "headers":
                    headers = ReadHeaders(field.Value, stored, errors);
                    break;
                case "ca":
                    ca = Text(field, errors);
                    break;
                case "on_etcd_loss":
                    onEtcdLoss = Text(field, errors);
                    break;
                default:
                    if (!stored)
                        errors.Add(field.Name, $"is unknown; plugin {WebhookPlugin.PluginName} takes {Fields}");
                    break;
            }
        }

        Uri? parsed = ReadUrl(url, stored, IsAbsent(config, "url"), errors);
        CheckResourceId(resourceId, stored, IsAbsent(config, "resource_id"), errors);
        CheckSecret(secret, stored, IsAbsent(config, "secret"), errors);
        CheckCa(ca, errors);
        if (onEtcdLoss is not (null or "claim" or "hold" or "release"))
            errors.Add("on_etcd_loss", $"is \"{onEtcdLoss}\"; must be claim, hold or release");

        return errors.IsEmpty
            ? new Validated<WebhookConfig>(new WebhookConfig(parsed!, resourceId!, new Secret(secret!), headers, ca) { OnEtcdLoss = onEtcdLoss }, errors.ToDictionary())
            : new Validated<WebhookConfig>(null, errors.ToDictionary());
    }

    /// <summary>The election key of a stored configuration, whatever the rest of it is like; null: it cannot be told.</summary>
    public static string? FindElectionKey(JsonElement config)
    {
        var errors = new FieldErrors();
        string? id = config.ValueKind == JsonValueKind.Object && config.TryGetProperty("resource_id", out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        CheckResourceId(id, stored: true, isAbsent: false, errors);
        return id != null && errors.IsEmpty ? KeyOf(id) : null;
    }

    private static Uri? ReadUrl(string? url, bool stored, bool isAbsent, FieldErrors errors)
    {
        const string Wanted = "must be an http or https URL such as https://lb.example/vip";
        if (url is null)
        {
            if (isAbsent)
                errors.Add("url", $"is missing; {Wanted}");
            return null;
        }

        // Not told: the URL itself, which may hold a password.
        if (!Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed) || (parsed.Scheme != Uri.UriSchemeHttp && parsed.Scheme != Uri.UriSchemeHttps) || parsed.Host.Length == 0)
        {
            errors.Add("url", $"is no URL that can be called; {Wanted}");
            return null;
        }

        if (parsed.Port == 0)
            errors.Add("url", "names port 0; must be 1 to 65535");
        if (stored)
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

    private static void CheckResourceId(string? id, bool stored, bool isAbsent, FieldErrors errors)
    {
        const string Wanted = "must be a name that all hosts of this resource give, such as front-1";
        if (id is null)
        {
            if (isAbsent)
                errors.Add("resource_id", $"is missing; {Wanted}");
            return;
        }

        // It becomes a part of keys in etcd and the value of a header.
        if (id.Length == 0)
            errors.Add("resource_id", $"is empty; {Wanted}");
        else if (!HeaderNames.IsValue(id))
            errors.Add("resource_id", "has control characters");
        else if (stored)
            return;
        else if (id.AsSpan().ContainsAnyExcept(s_idCharacters))
            errors.Add("resource_id", "has other characters than letters A to Z, digits and . _ - : @ + = ~ /");
        else if (id[0] == '/' || id[^1] == '/' || id.Contains("//", StringComparison.Ordinal))
            errors.Add("resource_id", "has an empty part: a / at its start or end, or two in a row");
        else if (id.Length > MaxResourceId)
            errors.Add("resource_id", $"has {id.Length} characters; at most {MaxResourceId}");
    }

    private static void CheckSecret(string? secret, bool stored, bool isAbsent, FieldErrors errors)
    {
        if (secret is null)
        {
            if (isAbsent)
                errors.Add("secret", "is missing; must be the key by which the receiver checks signatures");
            return;
        }

        if (stored)
            return;
        if (secret.Length == 0)
            errors.Add("secret", "is empty: everybody could sign; must be the key by which the receiver checks signatures");
        else if (secret.Length > MaxSecret)
            errors.Add("secret", $"has {secret.Length} characters; at most {MaxSecret}");
    }

    private static void CheckCa(string? ca, FieldErrors errors)
    {
        if (ca is null)
            return;
        if (ca.Length > MaxCa)
            errors.Add("ca", $"has {ca.Length} characters; at most {MaxCa}");
        else if (ca.Contains("PRIVATE KEY", StringComparison.Ordinal))
            errors.Add("ca", "holds a private key, which would be stored and shown in clear; give the certificates alone");
        else if (OutboundHttp.ReadCa(ca, out string? fault) == null)
            errors.Add("ca", $"{fault}; must be the text of a PEM file, -----BEGIN CERTIFICATE----- and so on");
    }

    private static List<KeyValuePair<string, Secret>> ReadHeaders(JsonElement headers, bool stored, FieldErrors errors)
    {
        List<KeyValuePair<string, Secret>> read = [];
        if (headers.ValueKind == JsonValueKind.Null)
            return read;
        if (headers.ValueKind != JsonValueKind.Object)
        {
            errors.Add("headers", """must be an object such as {"Authorization":"Bearer ..."}""");
            return read;
        }

        if (!stored && headers.GetPropertyCount() is > MaxHeaders and var count)
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
            if (!stored && HeaderFault(name, value, names) is { } fault)
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

    private static bool IsAbsent(JsonElement config, string field) => !config.TryGetProperty(field, out JsonElement value) || value.ValueKind == JsonValueKind.Null;

    /// <summary>Null: not there, or not a string, which is noted.</summary>
    private static string? Text(JsonProperty field, FieldErrors errors)
    {
        if (field.Value.ValueKind == JsonValueKind.String)
            return field.Value.GetString();
        if (field.Value.ValueKind != JsonValueKind.Null)
            errors.Add(field.Name, "must be a string");
        return null;
    }
}
