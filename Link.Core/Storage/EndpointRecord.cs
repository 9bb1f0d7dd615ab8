using System.Text.Json;
using Link.Core.HealthChecks;

namespace Link.Core.Storage;

/// <summary>
/// An endpoint as etcd stores it under <see cref="KeyLayout.Endpoint"/>:
/// <c>{"id","ip","checks"?,"healthcheck_interval","plugin","plugin_config"}</c>. What we do not know of it survives a rewrite.
/// </summary>
internal sealed record EndpointRecord
{
    public const string ArpPlugin = "arp";

    /// <summary>All run at once. The API takes fewer.</summary>
    private const int MaxChecks = 1000;

    private static readonly string[] KnownFields = ["id", "ip", "checks", "healthcheck_interval", "plugin", "plugin_config", "lease_id"];

    public required string Id { get; init; }

    /// <summary>Empty. LinK before 3.0 had the address here, and <see cref="Read"/> moves it to <see cref="PluginConfig"/>.</summary>
    public string Ip { get; init; } = "";

    public IReadOnlyList<HealthCheck> Checks { get; init; } = [];

    /// <summary>Seconds; 0: the agent's default.</summary>
    public int HealthcheckInterval { get; init; }

    public required string Plugin { get; init; }

    /// <summary>The plugin's own JSON, as it was written.</summary>
    public required string PluginConfig { get; init; }

    /// <summary>LinK before 1.9: the lease of this endpoint alone. 0: none, and not written.</summary>
    public long LeaseId { get; init; }

    /// <summary>True when this was written by LinK before 3.0, without a plugin. <see cref="Write"/> writes the present form.</summary>
    public bool IsOldForm { get; init; }

    /// <summary>Fields that we do not know, with their JSON.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> UnknownFields { get; init; } = [];

    /// <summary>Parses <see cref="PluginConfig"/>.</summary>
    /// <exception cref="JsonException">Only for a record that was made with broken JSON.</exception>
    public JsonElement ParsePluginConfig()
    {
        using var document = JsonDocument.Parse(PluginConfig);
        return document.RootElement.Clone();
    }

    /// <param name="key">The key in etcd, for the error.</param>
    public static ReadResult<EndpointRecord> Read(string key, ReadOnlyMemory<byte> json) => RecordJson.Read(key, json, ReadFields);

    public byte[] Write() => RecordJson.Write(writer =>
    {
        writer.WriteString("id", Id);
        writer.WriteString("ip", Ip);
        if (Checks.Count > 0)
            WriteChecks(writer);
        writer.WriteNumber("healthcheck_interval", HealthcheckInterval);
        writer.WriteString("plugin", Plugin);
        writer.WritePropertyName("plugin_config");
        writer.WriteRawValue(RecordJson.Compact(PluginConfig), skipInputValidation: true);
        if (LeaseId != 0)
            writer.WriteNumber("lease_id", LeaseId);
        RecordJson.WriteUnknownFields(writer, UnknownFields);
    });

    private static EndpointRecord ReadFields(JsonElement json)
    {
        var record = new EndpointRecord
        {
            Id = RecordJson.Text(json, "id"),
            Ip = RecordJson.Text(json, "ip"),
            Checks = RecordJson.Has(json, "checks", out var checks) ? ReadChecks(checks) : [],
            HealthcheckInterval = RecordJson.SmallInteger(json, "healthcheck_interval"),
            Plugin = RecordJson.Text(json, "plugin"),
            PluginConfig = RecordJson.Has(json, "plugin_config", out var config) ? config.GetRawText() : "{}",
            LeaseId = RecordJson.Integer(json, "lease_id"),
            UnknownFields = RecordJson.UnknownFields(json, KnownFields),
        };
        if (record.Id.Length == 0)
            throw new JsonException("field id is missing");
        if (record.Plugin.Length > 0)
            return record;
        if (record.Ip.Length == 0)
            throw new JsonException("has neither a plugin nor an ip");

        var address = RecordJson.Write(writer => writer.WriteString("ip", record.Ip));
        return record with { Ip = "", Plugin = ArpPlugin, PluginConfig = System.Text.Encoding.UTF8.GetString(address), IsOldForm = true };
    }

    private static IReadOnlyList<HealthCheck> ReadChecks(JsonElement json)
    {
        if (json.ValueKind != JsonValueKind.Array)
            throw RecordJson.Wrong("checks", "an array");

        if (json.GetArrayLength() > MaxChecks)
            throw new JsonException($"field checks has {json.GetArrayLength()} checks; {MaxChecks} are the most");
        var checks = new List<HealthCheck>();
        foreach (var check in json.EnumerateArray())
        {
            if (check.ValueKind != JsonValueKind.Object)
                throw RecordJson.Wrong("checks", "an array of objects");
            checks.Add(new HealthCheck(RecordJson.Text(check, "type"), RecordJson.Text(check, "host"), RecordJson.SmallInteger(check, "port")));
        }

        return checks;
    }

    private void WriteChecks(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("checks");
        foreach (var check in Checks)
        {
            writer.WriteStartObject();
            writer.WriteString("type", check.Type);
            writer.WriteString("host", check.Host);
            writer.WriteNumber("port", check.Port);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
