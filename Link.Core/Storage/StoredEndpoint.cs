using Google.Protobuf;

namespace Link.Core.Storage;

/// <summary>An endpoint as etcd stores it: its record, and the secrets that the record refers to.</summary>
/// <param name="Record">Value of <see cref="KeyLayout.Endpoint"/>.</param>
/// <param name="Secrets">Keys and values under <see cref="KeyLayout.SecretsPrefix"/>.</param>
internal sealed record StoredEndpoint(ByteString Record, IReadOnlyList<KeyValuePair<string, ByteString>> Secrets)
{
    public StoredEndpoint(ByteString record)
        : this(record, [])
    {
    }
}
