using Link.Core.Etcd;

namespace Link.Core.Storage;

/// <summary>A secret that lies in etcd.</summary>
/// <param name="Record">Null: it cannot be read.</param>
/// <param name="Error">Why, in one line that starts with the key.</param>
/// <param name="ModRevision">etcd's revision of the key when it was read.</param>
/// <param name="Value">As it was read.</param>
internal sealed record StoredSecret(string Key, SecretRecord? Record, string? Error, long ModRevision, ReadOnlyMemory<byte> Value)
{
    public static StoredSecret Read(KeyValue pair)
    {
        var key = pair.Key.ToStringUtf8();
        var (record, error) = SecretRecord.Read(key, pair.Value.Memory);
        return new StoredSecret(key, record, error, pair.ModRevision, pair.Value.Memory);
    }

    /// <summary>The secrets of a range, by key.</summary>
    public static IReadOnlyDictionary<string, StoredSecret> ReadAll(IEnumerable<KeyValue> pairs)
    {
        var secrets = new Dictionary<string, StoredSecret>();
        foreach (var pair in pairs)
        {
            var secret = Read(pair);
            secrets[secret.Key] = secret;
        }

        return secrets;
    }
}
