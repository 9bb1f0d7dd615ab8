using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Link.Core.Plugins.Outscale;

/// <summary>
/// Configuration of plugin outscale_public_ip, as LinK writes it:
/// <c>{"access_key":"...","secret_key":"...","region":"eu-west-2","public_ip_id":"eipalloc-12345678","nic_id":"eni-12345678"}</c>. Ours: <c>on_etcd_loss</c>.
/// </summary>
/// <param name="Region">As given; LinK takes any case.</param>
/// <param name="NicId">The NIC of this host.</param>
internal sealed partial record OutscaleConfig(OutscaleCredentials Credentials, string Region, string PublicIpId, string NicId) : PluginConfig
{
    public override string ElectionKey => KeyOf(PublicIpId);

    public override string ToJson()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("access_key", Credentials.AccessKey.Reveal());
            writer.WriteString("secret_key", Credentials.SecretKey.Reveal());
            writer.WriteString("region", Region);
            writer.WriteString("public_ip_id", PublicIpId);
            writer.WriteString("nic_id", NicId);
            if (OnEtcdLoss is not null)
                writer.WriteString("on_etcd_loss", OnEtcdLoss);
            writer.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static string KeyOf(string publicIpId) => $"{OutscalePlugin.PluginName}/{publicIpId}";
}
