using System.Text.Json;

namespace Link.Core.Plugins.Outscale;

/// <summary>
/// The messages of the three actions that are used, of API version 1 (outscale/osc-api, outscale.yaml). Reading is lenient: unknown fields are ignored,
/// a field of another type counts as missing, and an id may be missing or null.
/// </summary>
internal static class OutscaleJson
{
    public const string ReadPublicIps = "ReadPublicIps";
    public const string LinkPublicIp = "LinkPublicIp";
    public const string UnlinkPublicIp = "UnlinkPublicIp";

    private const int MaxDepth = 32;

    public static byte[] ReadRequest(string publicIpId) => Write(json =>
    {
        json.WriteStartObject("Filters");
        json.WriteStartArray("PublicIpIds");
        json.WriteStringValue(publicIpId);
        json.WriteEndArray();
        json.WriteEndObject();
    });

    public static byte[] LinkRequest(string publicIpId, string nicId) => Write(json =>
    {
        json.WriteBoolean("AllowRelink", true);
        json.WriteString("NicId", nicId);
        json.WriteString("PublicIpId", publicIpId);
    });

    public static byte[] UnlinkRequest(string linkPublicIpId) => Write(json => json.WriteString("LinkPublicIpId", linkPublicIpId));

    /// <summary>Whether the body is a JSON object, as every answer of the API is.</summary>
    public static bool IsObject(ReadOnlyMemory<byte> body)
    {
        using JsonDocument? document = Parse(body);
        return document is not null;
    }

    /// <summary>The public IPs of an answer to ReadPublicIps; null: it is none.</summary>
    public static IReadOnlyList<PublicIp>? ReadAnswer(ReadOnlyMemory<byte> body)
    {
        using JsonDocument? document = Parse(body);
        if (document is null || Property(document.RootElement, "PublicIps") is not { ValueKind: JsonValueKind.Array } items)
            return null;
        var ips = new List<PublicIp>();
        foreach (JsonElement item in items.EnumerateArray())
        {
            if (Text(item, "PublicIpId") is { } id)
                ips.Add(new PublicIp(id, Text(item, "LinkPublicIpId"), Text(item, "NicId")));
        }

        return ips;
    }

    /// <summary>What an answer that is no success says: the first of its errors. All empty: nothing.</summary>
    public static OutscaleError Error(ReadOnlyMemory<byte> body)
    {
        using JsonDocument? document = Parse(body);
        if (document is null)
            return default;
        JsonElement root = document.RootElement;
        string? request = Property(root, "ResponseContext") is { } context ? Text(context, "RequestId") : null;
        JsonElement error = Property(root, "Errors") is { ValueKind: JsonValueKind.Array } errors && errors.GetArrayLength() > 0 ? errors[0] : default;
        return new OutscaleError(Text(error, "Code"), Text(error, "Type"), Text(error, "Details"), request);
    }

    private static JsonDocument? Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            JsonDocument document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return document;
            document.Dispose();
        }
        catch (JsonException)
        {
            // HTML, half an answer, nothing: the caller says so.
        }

        return null;
    }

    /// <summary>A string that says something, or a number as it is written; null: neither.</summary>
    private static string? Text(JsonElement item, string name)
    {
        if (Property(item, name) is not { } value)
            return null;
        try
        {
            return value.ValueKind switch
            {
                JsonValueKind.String => value.GetString() is { Length: > 0 } text ? text : null,
                JsonValueKind.Number => value.GetRawText(),
                _ => null,
            };
        }
        catch (InvalidOperationException)
        {
            // A string that is no UTF-16: half of a surrogate pair.
            return null;
        }
    }

    /// <summary>Null: it has none. Names with half of a surrogate pair are no hindrance, as in a text.</summary>
    private static JsonElement? Property(JsonElement item, string name)
    {
        if (item.ValueKind != JsonValueKind.Object)
            return null;
        try
        {
            return item.TryGetProperty(name, out JsonElement value) ? value : null;
        }
        catch (InvalidOperationException)
        {
            // Found on the way to it.
            return null;
        }
    }

    private static byte[] Write(Action<Utf8JsonWriter> fields)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            fields(json);
            json.WriteEndObject();
        }

        return stream.ToArray();
    }
}
