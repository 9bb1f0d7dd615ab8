using System.Text.Json;

namespace Link.Tests.Fuzz.Mutators;

/// <summary>JSON taken apart so far that it can be put together wrongly.</summary>
/// <param name="Raw">Of a text, a number, a word; null: it is an object or an array.</param>
/// <param name="Fields">Of an object, the names as JSON text with their quotes.</param>
internal sealed record JsonPiece(string? Raw, IReadOnlyList<KeyValuePair<string, JsonPiece>>? Fields, IReadOnlyList<JsonPiece>? Items)
{
    /// <summary>How many values it has, itself among them.</summary>
    public int Count { get; } = 1 + (Fields?.Sum(static field => field.Value.Count) ?? 0) + (Items?.Sum(static item => item.Count) ?? 0);

    public static JsonPiece Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return Of(document.RootElement);
    }

    private static JsonPiece Of(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => new JsonPiece(null, [.. json.EnumerateObject().Select(static field => KeyValuePair.Create($"\"{JsonEncodedText.Encode(field.Name)}\"", Of(field.Value)))], null),
        JsonValueKind.Array => new JsonPiece(null, null, [.. json.EnumerateArray().Select(Of)]),
        _ => new JsonPiece(json.GetRawText(), null, null),
    };
}
