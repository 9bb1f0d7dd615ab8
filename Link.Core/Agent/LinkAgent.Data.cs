using Google.Protobuf;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>What etcd has of the endpoints, remembered as it changes.</summary>
internal sealed partial class LinkAgent : IKeptData
{
    Task IKeptData.MigratedAsync(EndpointMigration migration) => _loop.InvokeAsync(() =>
    {
        if (!_entries.TryGetValue(migration.EndpointId, out EndpointEntry? entry))
            return false;
        entry.Record = migration.New;
        IEnumerable<KeyValuePair<string, ByteString>> others = entry.Stored.Secrets.Where(secret => migration.Reads.All(read => read.Key != secret.Key));
        entry.Stored = new EndpointData(ByteString.CopyFrom(migration.New.Write()), [.. others, .. ToPairs(migration.Puts)]);
        return true;
    });

    Task IKeptData.RotatedAsync(IReadOnlyList<SecretRotation> rotations) => _loop.InvokeAsync(() =>
    {
        var written = rotations.ToDictionary(static rotation => rotation.Key, static rotation => UnsafeByteOperations.UnsafeWrap(rotation.New.Write()));
        foreach (EndpointEntry entry in _entries.Values)
        {
            if (entry.Stored.Secrets.Any(secret => written.ContainsKey(secret.Key)))
                entry.Stored = entry.Stored with { Secrets = [.. entry.Stored.Secrets.Select(secret => KeyValuePair.Create(secret.Key, written.GetValueOrDefault(secret.Key) ?? secret.Value))] };
        }

        return true;
    });
}
