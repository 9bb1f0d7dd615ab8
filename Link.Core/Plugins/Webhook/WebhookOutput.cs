using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Link.Core.Secrets;

namespace Link.Core.Plugins.Webhook;

/// <summary>
/// Tells one endpoint's state by a POST, as LinK does, header for header. The body goes on behind LinK's fields with <c>hostname</c>, <c>election_key</c>,
/// <c>revision</c>, by which a receiver can tell an older holder's word from a newer one's, and <c>delivery_id</c>, by which it knows a repetition.
/// </summary>
internal sealed class WebhookOutput(OutboundHttp http, WebhookConfig config, OutputTarget endpoint, TimeSpan refreshInterval, string version, TimeProvider time) : IRemoteOutput
{
    private const string Activated = "ACTIVATED";
    private const string Standby = "STANDBY";

    public TimeSpan Deadline => TimeSpan.FromSeconds(5);

    public TimeSpan? RefreshInterval => refreshInterval;

    public Task ActivateAsync(OutputCall call, CancellationToken cancel) => TellAsync(Activated, call, cancel);

    public Task EnsureAsync(OutputCall call, CancellationToken cancel) => TellAsync(Activated, call, cancel);

    public Task DeactivateAsync(OutputCall call, CancellationToken cancel) => TellAsync(Standby, call, cancel);

    private async Task TellAsync(string status, OutputCall call, CancellationToken cancel)
    {
        byte[] body = Body(status, call);
        string timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        string signature = Sign(config.Secret, timestamp, body);
        using HttpRequestMessage request = Request(body, timestamp, signature);
        OutboundAnswer answer = await http.SendAsync(request, cancel, needsBody: false).ConfigureAwait(false);
        if (!answer.IsSuccess)
            throw WebhookRefusal.Of(answer, OutboundHttp.NameOf(config.Url), new SecretMask(NotToShow(signature)));
    }

    /// <returns>Hex in lower case: HMAC-SHA256 of the timestamp, a dot and the body.</returns>
    private static string Sign(Secret secret, string timestamp, byte[] body)
    {
        byte[] signed = [.. Encoding.ASCII.GetBytes(timestamp), (byte)'.', .. body];
        return Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret.Reveal()), signed));
    }

    private byte[] Body(string status, OutputCall call)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("endpoint_id", endpoint.EndpointId);
            writer.WriteString("resource_id", config.ResourceId);
            writer.WriteString("plugin", WebhookPlugin.PluginName);
            writer.WriteString("status", status);
            writer.WriteString("hostname", endpoint.Hostname);
            writer.WriteString("election_key", endpoint.ElectionKey);
            if (call.Revision != 0)
                writer.WriteNumber("revision", call.Revision);
            writer.WriteString("delivery_id", call.DeliveryId);
            writer.WriteEndObject();
        }

        return stream.ToArray();
    }

    private HttpRequestMessage Request(byte[] body, string timestamp, string signature)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, config.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        foreach ((string name, Secret value) in config.Headers)
            Set(request, name, value.Reveal());
        // LinK took URLs with a user, and Go makes them this header.
        if (config.Url.UserInfo.Length > 0 && !request.Headers.Contains("Authorization"))
            request.Headers.TryAddWithoutValidation("Authorization", $"Basic {Credentials}");
        if (!request.Headers.Contains("User-Agent"))
            request.Headers.TryAddWithoutValidation("User-Agent", $"link/{version}");
        request.Headers.TryAddWithoutValidation(HeaderNames.ResourceId, config.ResourceId);
        request.Headers.TryAddWithoutValidation(HeaderNames.Timestamp, timestamp);
        request.Headers.TryAddWithoutValidation(HeaderNames.Signature, signature);
        return request;
    }

    /// <summary>The configured headers; of those that only LinK let in, Content-Type still counts.</summary>
    private static void Set(HttpRequestMessage request, string name, string value)
    {
        if (!HeaderNames.IsToken(name) || !HeaderNames.IsValue(value))
            return;
        HttpContentHeaders content = request.Content!.Headers;
        if (name.Equals(HeaderNames.ContentType, StringComparison.OrdinalIgnoreCase))
        {
            content.Remove(HeaderNames.ContentType);
            content.TryAddWithoutValidation(HeaderNames.ContentType, value);
        }
        else if (!HeaderNames.IsReserved(name) && !request.Headers.TryAddWithoutValidation(name, value))
        {
            content.TryAddWithoutValidation(name, value);
        }
    }

    private string Credentials => Convert.ToBase64String(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(config.Url.UserInfo)));

    /// <summary>What was sent, or was used for it, and must not be shown when the answer repeats it.</summary>
    private IEnumerable<string> NotToShow(string signature)
    {
        yield return config.Secret.Reveal();
        yield return signature;
        foreach ((_, Secret value) in config.Headers)
            yield return value.Reveal();
        if (config.Url.UserInfo.Length == 0)
            yield break;
        yield return Credentials;
        yield return Uri.UnescapeDataString(config.Url.UserInfo);
        yield return config.Url.UserInfo[(config.Url.UserInfo.IndexOf(':') + 1)..];
    }
}
