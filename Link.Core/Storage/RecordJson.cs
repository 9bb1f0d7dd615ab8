using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Link.Core.Storage;

/// <summary>
/// JSON of the records in etcd: written without spaces and in LinK's field order, read as Go reads it (unknown fields are no fault,
/// missing ones and null have their default).
/// </summary>
internal static class RecordJson
{
    private const int MaxMessage = 200;

    // Go leaves everything as it is that JSON allows.
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static byte[] Write(Action<Utf8JsonWriter> writeFields)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
        {
            writer.WriteStartObject();
            writeFields(writer);
            writer.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    public static ReadResult<T> Read<T>(string key, ReadOnlyMemory<byte> json, Func<JsonElement, T> readFields)
        where T : class
    {
        try
        {
            if (!JsonText.IsSound(json.Span))
                return new ReadResult<T>(null, $"{key}: is not JSON: it has text that is not Unicode");
            using var document = JsonDocument.Parse(json);
            return document.RootElement.ValueKind == JsonValueKind.Object
                ? new ReadResult<T>(readFields(document.RootElement), null)
                : new ReadResult<T>(null, $"{key}: is not a JSON object");
        }
        catch (JsonException e)
        {
            return new ReadResult<T>(null, $"{key}: {(e.LineNumber is null ? "" : "is not JSON: ")}{Short(e)}");
        }
    }

    /// <summary>The parser quotes what it cannot read, to its end.</summary>
    private static string Short(JsonException broken)
    {
        string message = broken.Message.ReplaceLineEndings(" ");
        return message.Length <= MaxMessage
            ? message
            : string.Create(CultureInfo.InvariantCulture, $"{message.AsSpan(0, MaxMessage)}... (line {broken.LineNumber + 1}, byte {broken.BytePositionInLine + 1})");
    }

    /// <exception cref="JsonException">The field is something else.</exception>
    public static string Text(JsonElement record, string field) =>
        !Has(record, field, out var value) ? "" : value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Wrong(field, "a string");

    /// <exception cref="JsonException">The field is something else.</exception>
    public static long Integer(JsonElement record, string field) =>
        !Has(record, field, out var value) ? 0 : value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : throw Wrong(field, "a whole number");

    /// <exception cref="JsonException">The field is something else or out of range.</exception>
    public static int SmallInteger(JsonElement record, string field) =>
        Integer(record, field) is >= int.MinValue and <= int.MaxValue and var number ? (int)number : throw Wrong(field, "a number of 32 bits");

    /// <exception cref="JsonException">The field is something else.</exception>
    public static bool Fact(JsonElement record, string field) =>
        Has(record, field, out var value) && (value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Wrong(field, "true or false"));

    /// <summary>True when the field is there and not null.</summary>
    public static bool Has(JsonElement record, string field, out JsonElement value) =>
        record.TryGetProperty(field, out value) && value.ValueKind != JsonValueKind.Null;

    public static JsonException Wrong(string field, string wanted) => new($"field {field} is not {wanted}");

    /// <summary>The fields that are not among the known ones, with their JSON, so that a rewrite can keep them.</summary>
    public static IReadOnlyList<KeyValuePair<string, string>> UnknownFields(JsonElement record, string[] known)
    {
        List<KeyValuePair<string, string>>? unknown = null;
        foreach (var field in record.EnumerateObject())
        {
            if (Array.IndexOf(known, field.Name) < 0)
                (unknown ??= []).Add(KeyValuePair.Create(field.Name, field.Value.GetRawText()));
        }

        return unknown is null ? [] : unknown;
    }

    public static void WriteUnknownFields(Utf8JsonWriter writer, IReadOnlyList<KeyValuePair<string, string>> unknown)
    {
        foreach (var (field, value) in unknown)
        {
            writer.WritePropertyName(field);
            writer.WriteRawValue(Compact(value), skipInputValidation: true);
        }
    }

    /// <summary>Takes out the white space between tokens and leaves every token as it is written.</summary>
    public static string Compact(string json)
    {
        var text = new StringBuilder(json.Length);
        var inString = false;
        for (var i = 0; i < json.Length; i++)
        {
            var c = json[i];
            if (!inString && c is ' ' or '\t' or '\r' or '\n')
                continue;

            text.Append(c);
            if (c == '"')
                inString = !inString;
            else if (c == '\\')
                text.Append(json[++i]);
        }

        return text.ToString();
    }
}
