using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Link.Core.Storage;

/// <summary>
/// Finds the secret fields of a plugin's configuration and writes it anew around them, everything else as it was and in its order.
/// </summary>
/// <param name="paths">As a plugin names them: <c>secret</c>, or <c>headers.*</c> for every field of an object.</param>
internal sealed class SecretPaths(IReadOnlyList<string> paths)
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    private readonly string[][] _paths = Split(paths);

    /// <summary>Writes the value of a secret field. Never called for null.</summary>
    /// <param name="field">As <c>headers.Authorization</c>.</param>
    /// <param name="isParent">True: it should be an object that has secret fields, and is something else.</param>
    public delegate void WriteSecret(Utf8JsonWriter writer, string field, JsonElement value, bool isParent);

    /// <exception cref="JsonException">The configuration is not JSON, or not an object.</exception>
    /// <exception cref="InvalidOperationException">A name in it is not text.</exception>
    public string Rewrite(string config, WriteSecret write)
    {
        using var document = JsonDocument.Parse(config);
        if (document.RootElement.ValueKind != JsonValueKind.Object)
            throw new JsonException("is not a JSON object");

        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer, WriterOptions))
            Copy(writer, document.RootElement, "", _paths, 0, write);
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static string[][] Split(IReadOnlyList<string> paths)
    {
        var split = new string[paths.Count][];
        for (var i = 0; i < split.Length; i++)
            split[i] = paths[i].Split('.');
        return split;
    }

    // A name may contain dots itself, so that the paths are followed step by step and not compared as texts.
    private static void Copy(Utf8JsonWriter writer, JsonElement from, string place, IReadOnlyList<string[]> paths, int depth, WriteSecret write)
    {
        writer.WriteStartObject();
        foreach (var field in from.EnumerateObject())
        {
            writer.WritePropertyName(field.Name);
            var name = place.Length == 0 ? field.Name : $"{place}.{field.Name}";
            var isSecret = false;
            List<string[]>? below = null;
            foreach (var path in paths)
            {
                if (path[depth] != "*" && path[depth] != field.Name)
                    continue;
                if (path.Length == depth + 1)
                    isSecret = true;
                else
                    (below ??= []).Add(path);
            }

            if (field.Value.ValueKind == JsonValueKind.Null || !isSecret && below is null)
                writer.WriteRawValue(RecordJson.Compact(field.Value.GetRawText()), skipInputValidation: true);
            else if (isSecret)
                write(writer, name, field.Value, isParent: false);
            else if (field.Value.ValueKind == JsonValueKind.Object)
                Copy(writer, field.Value, name, below!, depth + 1, write);
            else
                write(writer, name, field.Value, isParent: true);
        }

        writer.WriteEndObject();
    }
}
