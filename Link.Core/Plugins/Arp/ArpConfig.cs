using System.Globalization;
using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Link.Core.Plugins.Arp;

/// <summary>
/// Configuration of plugin arp: <c>{"ip":"10.0.0.1/32"}</c>, an IPv4 or IPv6 address with its prefix length. Ours, and unknown to
/// LinK: <c>interface</c> and <c>on_etcd_loss</c>.
/// </summary>
/// <param name="Interface">Where the address is added; null: the agent's INTERFACE.</param>
internal sealed partial record ArpConfig(IPAddress Address, int PrefixLength, string? Interface = null) : PluginConfig
{
    /// <summary>The address with its prefix length in canonical form.</summary>
    public string Cidr => string.Create(CultureInfo.InvariantCulture, $"{Address}/{PrefixLength}");

    /// <summary>What hosts compete for: <c>10.0.0.1_32</c>, as LinK writes it.</summary>
    public override string ElectionKey => Cidr.Replace('/', '_');

    public override string ToJson()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("ip", Cidr);
            if (Interface is not null)
                writer.WriteString("interface", Interface);
            if (OnEtcdLoss is not null)
                writer.WriteString("on_etcd_loss", OnEtcdLoss);
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }
}
