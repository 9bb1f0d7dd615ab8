using Google.Protobuf;
using Link.Core.Etcd;
using Link.Core.HealthChecks;

namespace Link.Core.Storage;

/// <summary>A host's endpoints and secrets in etcd, apart from its elections. Every call throws <see cref="EtcdException"/> when there is no answer.</summary>
internal sealed class HostDataStore(EtcdClient client, string hostname)
{
    /// <summary>How often a record is read anew when somebody else has written it.</summary>
    private const int MaxRounds = 5;

    public string Hostname => hostname;

    /// <summary>All of it, at one revision.</summary>
    public async Task<HostData> ReadAsync(CancellationToken cancel)
    {
        TxnResponse answer = await client.TxnAsync(TxnBuilder.If().Then(Op.GetPrefix(KeyLayout.EndpointsOf(hostname)), Op.GetPrefix(KeyLayout.SecretsOf(hostname))), cancel).ConfigureAwait(false);
        return HostData.Read(answer.Responses[0].ResponseRange.Kvs, answer.Responses[1].ResponseRange.Kvs);
    }

    /// <summary>Stores an endpoint's new checks, and leaves the rest of its record as etcd has it now: a backup may have been restored, which refers to other secrets.</summary>
    /// <returns>The record; neither value nor error: it is not stored any more.</returns>
    public async Task<ReadResult<EndpointRecord>> SetChecksAsync(string endpointId, IReadOnlyList<HealthCheck> checks, CancellationToken cancel)
    {
        string key = KeyLayout.Endpoint(hostname, endpointId);
        for (int round = 0; round < MaxRounds; round++)
        {
            TxnResponse present = await client.TxnAsync(TxnBuilder.If().Then(Op.Get(key)), cancel).ConfigureAwait(false);
            if (present.Responses[0].ResponseRange.Kvs is not [{ } pair])
                return default;
            ReadResult<EndpointRecord> read = EndpointRecord.Read(key, pair.Value.Memory);
            if (read.Value is not { } record)
                return read;
            EndpointRecord changed = record with { Checks = checks };
            TxnResponse answer = await client.TxnAsync(
                TxnBuilder.If(When.ModRevisionIs(key, pair.ModRevision)).Then(Op.Put(key, UnsafeByteOperations.UnsafeWrap(changed.Write()))), cancel).ConfigureAwait(false);
            if (answer.Succeeded)
                return new ReadResult<EndpointRecord>(changed, null);
        }

        return new ReadResult<EndpointRecord>(null, $"{key}: is written by somebody else all the time; try again");
    }

    /// <summary>Deletes the record of an endpoint that no election of this host concerns, and its secrets, also those under no endpoint's id that it alone mentions.</summary>
    public async Task DeleteRecordAsync(string endpointId, CancellationToken cancel)
    {
        string key = KeyLayout.Endpoint(hostname, endpointId);
        HostData data = await ReadAsync(cancel).ConfigureAwait(false);
        var before = new SecretUse(hostname, data.Endpoints, data.Secrets);
        var operations = new List<RequestOp> { Op.Delete(key), Op.DeletePrefix(KeyLayout.SecretsOf(hostname, endpointId)) };
        foreach (Stored<SecretRecord> secret in data.Secrets.Values)
        {
            if (secret.Key.StartsWith(KeyLayout.SecretsOf(hostname, ""), StringComparison.Ordinal) && before.IsUsed(secret) && !before.IsUsed(secret, except: endpointId))
                operations.Add(Op.Delete(secret.Key));
        }

        await client.TxnAsync(TxnBuilder.If().Then([.. operations]), cancel).ConfigureAwait(false);
    }

    /// <param name="electionKey">Of the endpoint; null: it has no lease of its own.</param>
    /// <returns>False: something changed since it was planned, or its old lease still holds the lock.</returns>
    public async Task<bool> MigrateAsync(EndpointMigration migration, string? electionKey, CancellationToken cancel) =>
        (await client.TxnAsync(migration.ToTransaction(electionKey), cancel).ConfigureAwait(false)).Succeeded;

    /// <returns>Those that are written now.</returns>
    public async Task<IReadOnlyList<SecretRotation>> RotateAsync(RotationBatch batch, CancellationToken cancel)
    {
        IReadOnlyList<string> conflicts = batch.Conflicts(await client.TxnAsync(batch.ToTransaction(), cancel).ConfigureAwait(false));
        return conflicts.Count == 0 ? batch.Rotations : [.. batch.Rotations.Where(rotation => !conflicts.Contains(rotation.Key))];
    }
}
