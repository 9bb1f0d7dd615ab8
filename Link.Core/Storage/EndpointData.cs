using Google.Protobuf;

namespace Link.Core.Storage;

/// <summary>All of an endpoint that etcd is to have: its record, and the secrets that the record refers to.</summary>
/// <param name="Record">Value of <see cref="KeyLayout.Endpoint"/>.</param>
/// <param name="Secrets">Keys and values under <see cref="KeyLayout.SecretsPrefix"/>.</param>
internal sealed record EndpointData(ByteString Record, IReadOnlyList<KeyValuePair<string, ByteString>> Secrets)
{
    public EndpointData(ByteString record)
        : this(record, [])
    {
    }
}
