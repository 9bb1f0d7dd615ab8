using System.Text.Json;
using Link.Core.Secrets;

namespace Link.Core.Storage;

/// <summary>What stands in a secret field of a stored configuration.</summary>
/// <param name="Id">Of the secret that it refers to; empty: it refers to none.</param>
/// <param name="EndpointId">Under which endpoint's id that secret lies; empty in what LinK 3.1 to 3.3 wrote.</param>
/// <param name="Inline">The secret itself, as LinK 3.0 wrote it; null: none.</param>
/// <param name="Clear">JSON text of a value that somebody wrote in clear; null: none.</param>
internal readonly record struct SecretReference(string Id, string EndpointId, SealedSecret? Inline, Secret? Clear)
{
    /// <summary>True when the secret stands in the configuration itself.</summary>
    public bool IsInside => Inline is not null || Clear is not null;

    /// <summary>True for a form that <see cref="EndpointSecrets.Seal(string, string, string, PluginSecrets, KeyRing, SecretFormat)"/> would not write.</summary>
    public bool IsOldForm => IsInside || EndpointId.Length == 0;

    /// <exception cref="JsonException">It is none of the forms; the message says what is wrong.</exception>
    public static SecretReference Read(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.String)
            return new SecretReference("", "", null, new Secret(value.GetRawText()));
        if (value.ValueKind != JsonValueKind.Object)
            throw new JsonException("is neither a secret nor a reference to one");
        if (RecordJson.Has(value, "data", out _))
            return new SecretReference("", "", SecretRecord.ReadSealed(value), null);

        var id = RecordJson.Text(value, "id");
        return id.Length > 0 ? new SecretReference(id, RecordJson.Text(value, "endpoint_id"), null, null) : throw new JsonException("refers to no secret");
    }

    public static void Write(Utf8JsonWriter writer, string id, string endpointId)
    {
        writer.WriteStartObject();
        writer.WriteString("id", id);
        writer.WriteString("endpoint_id", endpointId);
        writer.WriteEndObject();
    }
}
