using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Link.Core.Secrets;

namespace Link.Core.Plugins.Webhook;

/// <summary>
/// Configuration of plugin webhook: <c>{"url":"https://lb.example/vip","headers":{"Authorization":"..."},"secret":"...","resource_id":"front"}</c>, in
/// LinK's order. Ours, and unknown to LinK: <c>ca</c> and <c>on_etcd_loss</c>.
/// </summary>
/// <param name="Url">http or https, as it was given. Its query may be a secret to somebody: not for messages.</param>
/// <param name="ResourceId">What hosts compete for.</param>
/// <param name="Secret">Key of the signature.</param>
/// <param name="Headers">In the order given; may hold names that <see cref="HeaderNames"/> reserves when LinK stored them.</param>
/// <param name="Ca">The only CAs to trust, in PEM form; null: the system's.</param>
internal sealed partial record WebhookConfig(Uri Url, string ResourceId, Secret Secret, IReadOnlyList<KeyValuePair<string, Secret>> Headers, string? Ca) : PluginConfig
{
    public override string ElectionKey => KeyOf(ResourceId);

    private static string KeyOf(string resourceId) => $"{WebhookPlugin.PluginName}/{resourceId}";

    public override string ToJson()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("url", Url.OriginalString);
            if (Headers.Count > 0)
            {
                writer.WriteStartObject("headers");
                foreach ((string name, Secret value) in Headers)
                    writer.WriteString(name, value.Reveal());
                writer.WriteEndObject();
            }

            writer.WriteString("secret", Secret.Reveal());
            writer.WriteString("resource_id", ResourceId);
            if (Ca is not null)
                writer.WriteString("ca", Ca);
            if (OnEtcdLoss is not null)
                writer.WriteString("on_etcd_loss", OnEtcdLoss);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }
}
