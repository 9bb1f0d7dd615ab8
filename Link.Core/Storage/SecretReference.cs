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

    /// <param name="error">What is wrong with it; no exception, for there may be many.</param>
    /// <returns>Null: it is none of the forms.</returns>
    /// <exception cref="JsonException">It has the form of one, and a part of it is wrong; the message says which.</exception>
    public static SecretReference? Read(JsonElement value, out string? error)
    {
        error = null;
        if (value.ValueKind == JsonValueKind.String)
            return new SecretReference("", "", null, new Secret(value.GetRawText()));
        if (value.ValueKind != JsonValueKind.Object)
        {
            error = "is neither a secret nor a reference to one";
            return null;
        }

        if (RecordJson.Has(value, "data", out _))
            return new SecretReference("", "", SecretRecord.ReadSealed(value), null);

        var id = RecordJson.Text(value, "id");
        if (id.Length > 0)
            return new SecretReference(id, RecordJson.Text(value, "endpoint_id"), null, null);
        error = "refers to no secret";
        return null;
    }

    public static void Write(Utf8JsonWriter writer, string id, string endpointId)
    {
        writer.WriteStartObject();
        writer.WriteString("id", id);
        writer.WriteString("endpoint_id", endpointId);
        writer.WriteEndObject();
    }
}
