using System.Text.Encodings.Web;
using System.Text.Json;
using Link.Core.Secrets;

namespace Link.Core.Plugins.Exec;

/// <summary>
/// Configuration of plugin exec: <c>{"resource_id":"db-vip","command":["/usr/local/lib/link/notify"]}</c>. Ours, LinK has no such plugin.
/// </summary>
/// <param name="ResourceId">Hosts with the same one compete.</param>
/// <param name="Command">The program's path, then its first arguments.</param>
internal sealed partial record ExecConfig(string ResourceId, IReadOnlyList<string> Command) : PluginConfig
{
    public const int DefaultTimeout = 10;

    public string Program => Command[0];

    /// <summary><c>ip</c>: an address, with or without its prefix length, that the program gets as LINK_IP; null: none.</summary>
    public string? Ip { get; init; }

    /// <summary><c>timeout</c>: the longest that the program may run.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(DefaultTimeout);

    /// <summary><c>refresh_interval</c>: how often it runs again while activated; null: never.</summary>
    public TimeSpan? RefreshInterval { get; init; }

    /// <summary><c>environment</c>: more variables for the program, their values secret.</summary>
    public IReadOnlyDictionary<string, Secret> Environment { get; init; } = new Dictionary<string, Secret>();

    public override string ElectionKey => KeyOf(ResourceId);

    public override string ToJson()
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            writer.WriteStartObject();
            writer.WriteString("resource_id", ResourceId);
            writer.WriteStartArray("command");
            foreach (string word in Command)
                writer.WriteStringValue(word);
            writer.WriteEndArray();
            if (Ip != null)
                writer.WriteString("ip", Ip);
            if (Timeout.TotalSeconds != DefaultTimeout)
                writer.WriteNumber("timeout", (int)Timeout.TotalSeconds);
            if (RefreshInterval is { } period)
                writer.WriteNumber("refresh_interval", (int)period.TotalSeconds);
            if (Environment.Count > 0)
            {
                writer.WriteStartObject("environment");
                foreach ((string name, Secret value) in Environment)
                    writer.WriteString(name, value.Reveal());
                writer.WriteEndObject();
            }

            if (OnEtcdLoss != null)
                writer.WriteString("on_etcd_loss", OnEtcdLoss);
            writer.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(stream.GetBuffer().AsSpan(0, (int)stream.Length));
    }

    private static string KeyOf(string resourceId) => $"exec/{resourceId}";
}
