using Google.Protobuf;
using Link.Core.Etcd;
using Link.Core.Secrets;
using Link.Core.Storage;

namespace Link.Tests.Storage;

/// <summary>What etcd has of a host's endpoints and secrets, in memory: transactions of migrations and rotations are carried out as etcd does.</summary>
internal sealed class StoredHost(string host)
{
    private readonly SortedDictionary<string, KeyValue> _pairs = new(StringComparer.Ordinal);
    private long _revision;

    public IReadOnlyList<Stored<EndpointRecord>> Endpoints => Data.Endpoints;

    public IReadOnlyDictionary<string, Stored<SecretRecord>> Secrets => Data.Secrets;

    public HostData Data => HostData.Read(Under(KeyLayout.EndpointsOf(host)), Under(KeyLayout.SecretsOf(host)));

    public IReadOnlyList<string> SecretKeys => [.. Secrets.Keys.Order(StringComparer.Ordinal)];

    public string? this[string key] => _pairs.GetValueOrDefault(key)?.Value.ToStringUtf8();

    public static StoredHost Of(RecordedDump dump)
    {
        var stored = new StoredHost(dump.Host);
        foreach (var pair in dump.Etcd)
            stored.Put(pair.Key.ToStringUtf8(), pair.Value.ToStringUtf8());
        return stored;
    }

    public void Put(string key, string value) =>
        _pairs[key] = new KeyValue { Key = ByteString.CopyFromUtf8(key), Value = ByteString.CopyFromUtf8(value), ModRevision = ++_revision };

    public void Remove(string key) => _pairs.Remove(key);

    public void Put(string endpointId, string plugin, string config) =>
        Put(KeyLayout.Endpoint(host, endpointId), $$"""{"id":"{{endpointId}}","ip":"","healthcheck_interval":0,"plugin":"{{plugin}}","plugin_config":{{config}}}""");

    /// <summary>A secret as LinK 3.1 to 3.3 leaves it, or at <paramref name="endpointId"/>.</summary>
    public void PutSecret(string secretId, string json, KeyRing ring, string endpointId = "", SecretFormat format = SecretFormat.AesCfbSha512)
    {
        var record = new SecretRecord { Id = secretId, EndpointId = endpointId, Sealed = ring.Seal(new SecretPlace(host, endpointId, secretId), new Secret(json), format) };
        Put(KeyLayout.Secret(host, endpointId, secretId), System.Text.Encoding.UTF8.GetString(record.Write()));
    }

    public MigrationPlan Plan(KeyRing ring, SecretFormat format = SecretFormat.AesGcm) =>
        Migrations.Plan(host, Endpoints, Secrets, ring, format, RecordedDump.SecretsOf);

    /// <summary>Migrates until there is nothing left.</summary>
    /// <returns>How many rounds it took.</returns>
    public int MigrateAll(KeyRing ring, SecretFormat format = SecretFormat.AesGcm)
    {
        for (var round = 0; round < 20; round++)
        {
            var plan = Plan(ring, format);
            if (plan.Migrations.Count == 0)
                return round;
            if (!plan.Migrations.Select(migration => TryCommit(migration.ToTransaction())).ToList().TrueForAll(static done => done))
                throw new InvalidOperationException("a migration is in conflict with nothing");
        }

        throw new InvalidOperationException("the migration does not end");
    }

    /// <summary>What it says of each endpoint with its secrets in clear.</summary>
    public IReadOnlyDictionary<string, string> Reveal(KeyRing ring) =>
        Endpoints.ToDictionary(static endpoint => endpoint.Record!.Id, endpoint => RecordedDump.Reveal(host, endpoint, Secrets, ring));

    public bool TryCommit(TxnRequest transaction)
    {
        if (!transaction.Compare.All(Holds))
            return false;
        foreach (var operation in transaction.Success)
        {
            if (operation.RequestPut is { } put)
                Put(put.Key.ToStringUtf8(), put.Value.ToStringUtf8());
            else if (operation.RequestDeleteRange is { } delete)
                _pairs.Remove(delete.Key.ToStringUtf8());
            else
                TryCommit(operation.RequestTxn);
        }

        return true;
    }

    private bool Holds(Compare compare)
    {
        var pair = _pairs.GetValueOrDefault(compare.Key.ToStringUtf8());
        return compare.Target switch
        {
            Compare.Types.CompareTarget.Mod => (pair?.ModRevision ?? 0) == compare.ModRevision,
            Compare.Types.CompareTarget.Create => (pair is null) == (compare.CreateRevision == 0),
            _ => throw new NotSupportedException($"{compare.Target}"),
        };
    }

    private IEnumerable<KeyValue> Under(string prefix) => _pairs.Values.Where(pair => pair.Key.ToStringUtf8().StartsWith(prefix, StringComparison.Ordinal));
}
