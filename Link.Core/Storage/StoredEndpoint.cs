using Link.Core.Etcd;

namespace Link.Core.Storage;

/// <summary>An endpoint that lies in etcd.</summary>
/// <param name="Record">Null: it cannot be read.</param>
/// <param name="Error">Why, in one line that starts with the key.</param>
/// <param name="ModRevision">etcd's revision of the key when it was read.</param>
/// <param name="Value">As it was read.</param>
internal sealed record StoredEndpoint(string Key, EndpointRecord? Record, string? Error, long ModRevision, ReadOnlyMemory<byte> Value)
{
    public static StoredEndpoint Read(KeyValue pair)
    {
        var key = pair.Key.ToStringUtf8();
        var (record, error) = EndpointRecord.Read(key, pair.Value.Memory);
        return new StoredEndpoint(key, record, error, pair.ModRevision, pair.Value.Memory);
    }

    public static IReadOnlyList<StoredEndpoint> ReadAll(IEnumerable<KeyValue> pairs)
    {
        var endpoints = new List<StoredEndpoint>();
        foreach (var pair in pairs)
            endpoints.Add(Read(pair));
        return endpoints;
    }
}
