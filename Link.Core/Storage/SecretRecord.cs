using System.Text.Json;
using Link.Core.Secrets;

namespace Link.Core.Storage;

/// <summary>
/// A secret as etcd stores it under <see cref="KeyLayout.Secret"/>: <c>{"id","endpoint_id","type","data","hash"?,"key_id"?}</c>.
/// What we do not know of it survives a rewrite.
/// </summary>
internal sealed record SecretRecord
{
    private const int MaxShownLength = 40;
    private static readonly string[] KnownFields = ["id", "endpoint_id", "type", "data", "hash", "key_id"];

    public required string Id { get; init; }

    /// <summary>Empty in what LinK 3.1 to 3.3 wrote.</summary>
    public required string EndpointId { get; init; }

    public required SealedSecret Sealed { get; init; }

    /// <summary>Fields that we do not know, with their JSON.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> UnknownFields { get; init; } = [];

    /// <param name="key">The key in etcd, for the error. A type of a later version is an error too.</param>
    public static ReadResult<SecretRecord> Read(string key, ReadOnlyMemory<byte> json) => RecordJson.Read(key, json, ReadFields);

    public byte[] Write() => RecordJson.Write(writer =>
    {
        writer.WriteString("id", Id);
        writer.WriteString("endpoint_id", EndpointId);
        writer.WriteString("type", Sealed.Type);
        writer.WriteString("data", Sealed.Data);
        if (Sealed.Hash is not null)
            writer.WriteString("hash", Sealed.Hash);
        if (Sealed.KeyId is not null)
            writer.WriteString("key_id", Sealed.KeyId);
        RecordJson.WriteUnknownFields(writer, UnknownFields);
    });

    private static SecretRecord ReadFields(JsonElement json)
    {
        var record = new SecretRecord
        {
            Id = RecordJson.Text(json, "id"),
            EndpointId = RecordJson.Text(json, "endpoint_id"),
            Sealed = ReadSealed(json),
            UnknownFields = RecordJson.UnknownFields(json, KnownFields),
        };
        if (record.Id.Length == 0)
            throw new JsonException("field id is missing");
        if (!SecretType.IsKnown(record.Sealed.Type))
            throw new JsonException($"has the type \"{Shown(record.Sealed.Type)}\", which this version does not know; it is left as it is");
        return record;
    }

    /// <exception cref="JsonException">A field is something else than text.</exception>
    public static SealedSecret ReadSealed(JsonElement json) => new(
        RecordJson.Text(json, "type"), RecordJson.Text(json, "data"), NonEmpty(json, "hash"), NonEmpty(json, "key_id"));

    private static string? NonEmpty(JsonElement json, string field) => RecordJson.Text(json, field) is { Length: > 0 } text ? text : null;

    private static string Shown(string type) => type.Length <= MaxShownLength ? type : type[..MaxShownLength] + "...";
}
