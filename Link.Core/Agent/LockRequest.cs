using Google.Protobuf;
using Link.Core.Election;
using Link.Core.Etcd;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>
/// A <see cref="LockTransaction"/> as etcd's: one transaction a lock, many of them in one request.
/// Each is: the conditional change, then whatever always happens, then a read of the lock and of the competitors. So every answer tells the whole state.
/// </summary>
internal static class LockRequest
{
    /// <summary>
    /// etcd allows 128 operations less those of the levels below (--max-txn-ops); the deepest of ours needs eight. Each secret of an endpoint is one more.
    /// </summary>
    public const int MaxBatch = 118;

    // Stored forms go with a request in case that etcd has lost them. It takes requests of 1.5 MiB.
    private const int MaxStoredBytes = 1 << 20;

    /// <summary>Takes as many of those that wait as etcd takes in one request, one at least.</summary>
    /// <param name="waiting">Not empty.</param>
    public static List<LockTransaction> TakeBatch(Queue<LockTransaction> waiting, Func<string, EndpointData?> storedOf)
    {
        var batch = new List<LockTransaction>(Math.Min(waiting.Count, MaxBatch));
        int secrets = 0;
        int bytes = 0;
        while (waiting.TryPeek(out LockTransaction? transaction))
        {
            EndpointData? stored = storedOf(transaction.EndpointId);
            secrets = Math.Max(secrets, stored?.Secrets.Count ?? 0);
            bytes += stored?.Length ?? 0;
            if (batch.Count > 0 && (batch.Count >= MaxBatch - secrets || bytes > MaxStoredBytes))
                break;
            batch.Add(waiting.Dequeue());
        }

        return batch;
    }

    /// <param name="batch">At most <see cref="MaxBatch"/>, less the most secrets that one of the endpoints has.</param>
    /// <param name="storedOf">The endpoint's stored form by its id; null: it is not stored (any more).</param>
    public static TxnRequest Build(IReadOnlyList<LockTransaction> batch, string hostname, Func<string, EndpointData?> storedOf)
    {
        var request = new TxnRequest();
        foreach (LockTransaction transaction in batch)
            request.Success.Add(Op.Nested(Build(transaction, hostname, storedOf(transaction.EndpointId))));
        return request;
    }

    private static TxnRequest Build(LockTransaction transaction, string hostname, EndpointData? stored)
    {
        string key = transaction.Key;
        string lockKey = KeyLayout.Lock(key);
        string competitor = KeyLayout.Competitor(key, hostname);
        string recordKey = KeyLayout.Endpoint(hostname, transaction.EndpointId);
        long lease = transaction.LeaseId;
        var all = TxnBuilder.If();
        TxnBuilder change = transaction.Operation switch
        {
            LockOperation.Take or LockOperation.Create => TxnBuilder.If(When.Absent(lockKey)).Then(Op.Put(lockKey, hostname, lease)),
            LockOperation.Observe or LockOperation.CreateOnly => TxnBuilder.If(When.LeaseIs(lockKey, lease)),
            LockOperation.Release => TxnBuilder.If(When.LeaseIs(lockKey, lease)).Then(Op.Delete(lockKey), Op.Put(competitor, Competing())),
            LockOperation.HandTo => TxnBuilder
                .If(
                    When.LeaseIs(lockKey, lease),
                    When.LeaseIs(KeyLayout.Agent(transaction.TargetHost!), transaction.OtherLeaseId),
                    When.Exists(KeyLayout.Competitor(key, transaction.TargetHost!)))
                .Then(Op.Put(lockKey, transaction.TargetHost!, transaction.OtherLeaseId)),
            LockOperation.Remove => TxnBuilder.If(When.LeaseIs(lockKey, lease)).Then(Op.Delete(lockKey)),
            LockOperation.TakeFromDead or LockOperation.Inherit => TxnBuilder
                .If(When.LeaseIs(lockKey, transaction.OtherLeaseId), When.ModRevisionIs(lockKey, transaction.SeenRevision))
                .Then(Op.Put(lockKey, hostname, lease)),
            _ => throw new ArgumentOutOfRangeException(nameof(transaction), transaction.Operation, null),
        };
        all.Then(Op.Nested(change), Op.Nested(Always(transaction, competitor, recordKey, stored, hostname)), Op.Get(lockKey), Op.GetPrefix(KeyLayout.CompetitorsOf(key)));
        return all;
    }

    private static TxnRequest Always(LockTransaction transaction, string competitor, string recordKey, EndpointData? stored, string hostname)
    {
        switch (transaction.Operation)
        {
            case LockOperation.Remove:
                TxnBuilder remove = TxnBuilder.If().Then(Op.Delete(competitor), Op.Delete(recordKey), Op.DeletePrefix(KeyLayout.SecretsOf(hostname, transaction.EndpointId)));
                return DeleteStray(remove, stored, hostname);
            case LockOperation.Create or LockOperation.CreateOnly:
                TxnBuilder store = TxnBuilder.If().Then(Op.Put(competitor, Competing()));
                return stored == null ? store : Put(store, recordKey, stored);
            case LockOperation.Take or LockOperation.Observe or LockOperation.Inherit:
                // What is missing is written again: the keys may have gone with a cluster that was restored or wiped.
                TxnBuilder always = TxnBuilder.If().Then(Op.Nested(TxnBuilder.If(When.Absent(competitor)).Then(Op.Put(competitor, Competing()))));
                return stored == null ? always : always.Then(Op.Nested(Put(TxnBuilder.If(When.Absent(recordKey)), recordKey, stored)));
            default:
                return TxnBuilder.If();
        }
    }

    private static TxnBuilder Put(TxnBuilder transaction, string recordKey, EndpointData stored)
    {
        transaction.Then(Op.Put(recordKey, stored.Record));
        foreach ((string key, ByteString secret) in stored.Secrets)
            transaction.Then(Op.Put(key, secret));
        return transaction;
    }

    /// <summary>Secrets that LinK left under an empty endpoint id go with the endpoint that refers to them.</summary>
    private static TxnBuilder DeleteStray(TxnBuilder transaction, EndpointData? stored, string hostname)
    {
        foreach ((string key, _) in stored?.Secrets ?? [])
        {
            if (key.StartsWith(KeyLayout.SecretsOf(hostname, ""), StringComparison.Ordinal))
                transaction.Then(Op.Delete(key));
        }

        return transaction;
    }

    private static ByteString Competing() => ByteString.CopyFrom(new CompetitorRecord(DateTimeOffset.UtcNow).Write());

    public static ElectorInput.Transacted Read(LockTransaction transaction, TxnResponse answer, long revision)
    {
        bool applied = answer.Responses[0].ResponseTxn.Succeeded;
        RangeResponse lockNow = answer.Responses[2].ResponseRange;
        LockView? view = lockNow.Kvs.Count == 0 ? null : new LockView(lockNow.Kvs[0].Value.ToStringUtf8(), lockNow.Kvs[0].Lease, lockNow.Kvs[0].ModRevision);
        return new ElectorInput.Transacted(transaction.Token, applied, view, ReadCompetitors(answer.Responses[3].ResponseRange, transaction.Key), revision);
    }

    /// <param name="range">Answer to a read of <see cref="KeyLayout.CompetitorsOf"/>.</param>
    public static IReadOnlyList<string> ReadCompetitors(RangeResponse range, string electionKey)
    {
        var competitors = new List<string>(range.Kvs.Count);
        foreach (KeyValue pair in range.Kvs)
        {
            if (KeyLayout.TryParseCompetitorOf(pair.Key.ToStringUtf8(), electionKey, out string host))
                competitors.Add(host);
        }

        return competitors;
    }
}
