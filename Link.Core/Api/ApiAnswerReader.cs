using System.Globalization;
using System.Text;
using System.Text.Json;
using Link.Core.Storage;

namespace Link.Core.Api;

/// <summary>Reads what agents answer: ours, and LinK's of every version, which leave out fields and say errors in three ways.</summary>
internal static class ApiAnswerReader
{
    private const int MaxErrorLength = 1000;
    private const int MaxErrorFields = 20;

    /// <summary>The answer's text as JSON; null: it is none.</summary>
    public static JsonElement? Parse(ReadOnlyMemory<byte> text)
    {
        if (text.IsEmpty || !JsonText.IsSound(text.Span))
        {
            return null;
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public static EndpointAnswer Endpoint(JsonElement json)
    {
        string? ip = Text(json, "ip");
        return new EndpointAnswer(
            new EndpointSnapshot
            {
                Id = Text(json, "id") ?? "",
                Status = Text(json, "status") ?? "",
                // LinK 2 knows nothing but addresses.
                Plugin = Text(json, "plugin") ?? (ip is null ? "" : "arp"),
                ElectionKey = Text(json, "election_key") ?? ip?.Replace('/', '_') ?? "",
                Checks = Checks(json),
                HealthcheckIntervalSeconds = Small(json, "healthcheck_interval"),
                Ip = ip,
                Interface = Text(json, "interface"),
                Holder = Text(json, "holder"),
                Reason = Text(json, "reason"),
                Output = Text(json, "output"),
                Since = Time(json, "since") ?? default,
                OnEtcdLoss = Text(json, "on_etcd_loss"),
                Rivals = Number(json, "rivals"),
                LastError = Text(json, "last_error"),
                LastErrorAt = Time(json, "last_error_at"),
                LastErrorAnswer = Text(json, "last_error_answer"),
                PluginConfigJson = Property(json, "plugin_config") is { ValueKind: JsonValueKind.Object } config ? config.GetRawText() : null,
            },
            json);
    }

    public static HealthAnswer Health(JsonElement json) => new(
        new AgentSnapshot
        {
            Version = Text(json, "version") ?? "",
            Hostname = Text(json, "hostname") ?? "",
            Healthy = Flag(json, "healthy"),
            Reason = Text(json, "reason"),
            Etcd = Text(json, "etcd") ?? "",
            EtcdEndpoint = Text(json, "etcd_endpoint"),
            Drained = Flag(json, "drained"),
            Endpoints = Small(json, "endpoints"),
            Activated = Small(json, "activated"),
        },
        json);

    public static RotationSnapshot Rotation(JsonElement json) => new()
    {
        Running = Flag(json, "running"),
        Total = Small(json, "total"),
        Done = Small(json, "done"),
        Failed = Small(json, "failed"),
        StartedAt = Time(json, "started_at"),
        EndedAt = Time(json, "ended_at"),
        Error = Text(json, "error"),
    };

    /// <summary>The objects of <c>{"name":[...]}</c>. LinK 2 writes an empty list as null.</summary>
    public static List<JsonElement> Items(JsonElement json, string name) =>
        Property(json, name) is { ValueKind: JsonValueKind.Array } list ? [.. list.EnumerateArray().Where(static item => item.ValueKind == JsonValueKind.Object)] : [];

    public static JsonElement? Property(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out JsonElement value) ? value : null;

    public static string? Text(JsonElement json, string name) =>
        Property(json, name) is { ValueKind: JsonValueKind.String } value ? value.GetString() : null;

    /// <summary>What an answer says about its error: <c>error</c>, then <c>msg</c>, then the status with the text itself.</summary>
    public static string Error(int status, JsonElement? json, ReadOnlySpan<byte> text)
    {
        if (json is { } body && (Text(body, "error") ?? Text(body, "msg")) is { Length: > 0 } said)
        {
            // LinK's line names one field at most, ours names all of them.
            List<JsonProperty> fields = Property(body, "errors") is { ValueKind: JsonValueKind.Object } errors ? [.. errors.EnumerateObject().Take(MaxErrorFields)] : [];
            bool tellsAll = fields.Count <= 1 || fields.TrueForAll(field => said.Contains(field.Name, StringComparison.Ordinal));
            return OneLine(tellsAll ? said : $"{said}: {string.Join("; ", fields.ConvertAll(Field))}");
        }

        string plain = json is null ? OneLine(Encoding.UTF8.GetString(text)) : "";
        // Text alone may come from anybody who answers there.
        return $"the agent answered with status {status}{(plain.Length > 0 && !plain.StartsWith('<') ? $": {plain}" : "")}";
    }

    private static string Field(JsonProperty field) => field.Value.ValueKind == JsonValueKind.Array
        ? $"{field.Name} {string.Join(", ", new List<JsonElement>(field.Value.EnumerateArray()).ConvertAll(message => message.ToString()))}"
        : $"{field.Name} {field.Value}";

    /// <summary>Fit for a terminal: whoever answers there may be anybody, and must not move its cursor or turn its text around.</summary>
    private static string OneLine(string text)
    {
        string line = (text.Length <= 2 * MaxErrorLength ? text : text[..(2 * MaxErrorLength)]).ReplaceLineEndings(" ");
        line = string.Concat(line.Select(static c => IsPlain(c) ? c : ' ')).Trim();
        return line.Length <= MaxErrorLength ? line : line[..MaxErrorLength] + "...";
    }

    private static bool IsPlain(char c) => !char.IsControl(c) && char.GetUnicodeCategory(c) is not UnicodeCategory.Format;

    private static List<HealthCheckContract> Checks(JsonElement json) =>
        Items(json, "checks").ConvertAll(item => new HealthCheckContract(Text(item, "type") ?? "", Text(item, "host") ?? "", Small(item, "port")));

    private static long Number(JsonElement json, string name) =>
        Property(json, name) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out long number) ? number : 0;

    private static int Small(JsonElement json, string name) => Number(json, name) is >= int.MinValue and <= int.MaxValue and var number ? (int)number : 0;

    private static bool Flag(JsonElement json, string name) => Property(json, name) is { ValueKind: JsonValueKind.True };

    private static DateTimeOffset? Time(JsonElement json, string name) =>
        DateTimeOffset.TryParse(Text(json, name), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time) ? time : null;
}
