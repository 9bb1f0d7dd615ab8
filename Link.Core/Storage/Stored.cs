using Link.Core.Etcd;

namespace Link.Core.Storage;

/// <summary>A record that lies in etcd.</summary>
/// <param name="Record">Null: it cannot be read.</param>
/// <param name="Error">Why, in one line that starts with the key.</param>
/// <param name="ModRevision">etcd's revision of the key when it was read.</param>
/// <param name="Value">As it was read.</param>
internal sealed record Stored<T>(string Key, T? Record, string? Error, long ModRevision, ReadOnlyMemory<byte> Value)
    where T : class
{
    public static Stored<T> Read(KeyValue pair, Func<string, ReadOnlyMemory<byte>, ReadResult<T>> read)
    {
        string key = pair.Key.ToStringUtf8();
        (T? record, string? error) = read(key, pair.Value.Memory);
        return new Stored<T>(key, record, error, pair.ModRevision, pair.Value.Memory);
    }
}
