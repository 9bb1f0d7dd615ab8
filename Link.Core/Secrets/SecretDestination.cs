using System.Security.Cryptography;
using System.Text.Json;

namespace Link.Core.Secrets;

/// <summary>
/// What of a configuration decides who receives its secrets and what they are used for: the fields that the plugin names, and which secrets there are
/// (one header more may turn a request elsewhere). Equal when nothing of that differs.
/// </summary>
internal sealed class SecretDestination
{
    private SecretDestination(byte[] digest, IReadOnlyList<string> fields)
    {
        Digest = digest;
        Fields = fields;
    }

    /// <summary>SHA-256 of all of it; two destinations that differ have different ones.</summary>
    public byte[] Digest { get; }

    /// <summary>The fields that the plugin names, for messages.</summary>
    public IReadOnlyList<string> Fields { get; }

    /// <param name="config">The values of its secret fields do not matter.</param>
    /// <param name="fields">
    /// As the plugin names them. One that is absent leaves no trace, so that a later version may name more of them without a change for what is stored.
    /// </param>
    /// <param name="secretFields">The paths of the secrets that there are.</param>
    /// <exception cref="InvalidOperationException">Something in it is not text in UTF-8.</exception>
    public static SecretDestination Of(JsonElement config, IReadOnlyList<string> fields, IReadOnlyCollection<string> secretFields)
    {
        var data = new AssociatedData();
        foreach (string field in fields)
        {
            if (config.ValueKind == JsonValueKind.Object && config.TryGetProperty(field, out JsonElement value) && value.ValueKind != JsonValueKind.Null)
                data.Add("field").Add(field).Add(Encode(value));
        }

        foreach (string field in secretFields.Distinct().Order(StringComparer.Ordinal))
            data.Add("secret").Add(field);
        return new SecretDestination(SHA256.HashData(data.ToArray()), fields);
    }

    public bool Matches(SecretDestination other) => Digest.AsSpan().SequenceEqual(other.Digest);

    // As texts mean it: an escape more or less in the JSON is no change.
    private static byte[] Encode(JsonElement value)
    {
        var data = new AssociatedData();
        switch (value.ValueKind)
        {
            case JsonValueKind.String:
                data.Add("text").Add(value.GetString()!);
                break;
            case JsonValueKind.Array:
                data.Add("list");
                foreach (JsonElement item in value.EnumerateArray())
                    data.Add(Encode(item));
                break;
            default:
                data.Add("json").Add(value.GetRawText());
                break;
        }

        return data.ToArray();
    }
}
