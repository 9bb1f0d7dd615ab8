using Google.Protobuf;
using Link.Core.Etcd;

namespace Link.Core.Storage;

/// <summary>A host's endpoints and secrets in etcd, apart from its elections. Every call throws <see cref="EtcdException"/> when there is no answer.</summary>
internal sealed class HostDataStore(EtcdClient client, string hostname)
{
    public string Hostname => hostname;

    /// <summary>All of it, at one revision.</summary>
    public async Task<HostData> ReadAsync(CancellationToken cancel)
    {
        TxnResponse answer = await client.TxnAsync(TxnBuilder.If().Then(Op.GetPrefix(KeyLayout.EndpointsOf(hostname)), Op.GetPrefix(KeyLayout.SecretsOf(hostname))), cancel).ConfigureAwait(false);
        return new HostData(StoredEndpoint.ReadAll(answer.Responses[0].ResponseRange.Kvs), StoredSecret.ReadAll(answer.Responses[1].ResponseRange.Kvs));
    }

    /// <summary>Stores an endpoint's changed record. False: it is not stored any more.</summary>
    public async Task<bool> ReplaceRecordAsync(string endpointId, ByteString record, CancellationToken cancel)
    {
        string key = KeyLayout.Endpoint(hostname, endpointId);
        TxnResponse answer = await client.TxnAsync(TxnBuilder.If(When.Exists(key)).Then(Op.Put(key, record)), cancel).ConfigureAwait(false);
        return answer.Succeeded;
    }

    /// <summary>Deletes the record of an endpoint that no election of this host concerns, and its secrets.</summary>
    public Task DeleteRecordAsync(string endpointId, CancellationToken cancel) =>
        client.TxnAsync(TxnBuilder.If().Then(Op.Delete(KeyLayout.Endpoint(hostname, endpointId)), Op.DeletePrefix(KeyLayout.SecretsOf(hostname, endpointId))), cancel);

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
