using System.Text.Json;
using System.Text.Unicode;

namespace Link.Core.Storage;

/// <summary>Whether all text in a JSON value is text. The parser finds out only when a name or a string is taken out, by an exception, long after it was let in.</summary>
internal static class JsonText
{
    /// <summary>False when a text is not UTF-8, or has half of a surrogate pair (<c>\ud800</c>). Of what is no JSON nothing is said.</summary>
    public static bool IsSound(ReadOnlySpan<byte> json)
    {
        if (!Utf8.IsValid(json))
            return false;

        // Only an escape can be unsound now.
        if (json.IndexOf("\\u"u8) < 0)
            return true;
        try
        {
            var reader = new Utf8JsonReader(json);
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                    _ = reader.GetString();
            }
        }
        catch (InvalidOperationException)
        {
            return false;
        }
        catch (JsonException)
        {
            // The parser says what is wrong, and where.
        }

        return true;
    }
}
