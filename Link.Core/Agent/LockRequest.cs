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
    /// <summary>etcd allows 128 operations less those of the levels below (--max-txn-ops); the deepest of ours needs eight.</summary>
    public const int MaxBatch = 118;

    public static TxnRequest Build(IReadOnlyList<LockTransaction> batch, string hostname, Func<string, ByteString?> recordOf)
    {
        var request = new TxnRequest();
        foreach (LockTransaction transaction in batch)
            request.Success.Add(Op.Nested(Build(transaction, hostname, recordOf(transaction.EndpointId))));
        return request;
    }

    /// <param name="record">The endpoint's stored form; null: it is not stored (any more).</param>
    private static TxnRequest Build(LockTransaction transaction, string hostname, ByteString? record)
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
            LockOperation.TakeFromDead => TxnBuilder
                .If(When.LeaseIs(lockKey, transaction.OtherLeaseId), When.ModRevisionIs(lockKey, transaction.SeenRevision))
                .Then(Op.Put(lockKey, hostname, lease)),
            _ => throw new ArgumentOutOfRangeException(nameof(transaction), transaction.Operation, null),
        };
        all.Then(Op.Nested(change), Op.Nested(Always(transaction, competitor, recordKey, record, hostname)), Op.Get(lockKey), Op.GetPrefix(KeyLayout.CompetitorsOf(key)));
        return all;
    }

    private static TxnRequest Always(LockTransaction transaction, string competitor, string recordKey, ByteString? record, string hostname)
    {
        switch (transaction.Operation)
        {
            case LockOperation.Remove:
                return TxnBuilder.If().Then(Op.Delete(competitor), Op.Delete(recordKey), Op.DeletePrefix(KeyLayout.SecretsOf(hostname, transaction.EndpointId)));
            case LockOperation.Create or LockOperation.CreateOnly:
                TxnBuilder store = TxnBuilder.If().Then(Op.Put(competitor, Competing()));
                return record == null ? store : store.Then(Op.Put(recordKey, record));
            case LockOperation.Take or LockOperation.Observe:
                // What is missing is written again: the keys may have gone with a cluster that was restored or wiped.
                TxnBuilder always = TxnBuilder.If().Then(Op.Nested(TxnBuilder.If(When.Absent(competitor)).Then(Op.Put(competitor, Competing()))));
                return record == null ? always : always.Then(Op.Nested(TxnBuilder.If(When.Absent(recordKey)).Then(Op.Put(recordKey, record))));
            default:
                return TxnBuilder.If();
        }
    }

    private static ByteString Competing() => ByteString.CopyFrom(new CompetitorRecord(DateTimeOffset.UtcNow).Write());

    public static ElectorInput.Transacted Read(LockTransaction transaction, TxnResponse answer, long revision)
    {
        bool applied = answer.Responses[0].ResponseTxn.Succeeded;
        RangeResponse lockNow = answer.Responses[2].ResponseRange;
        RangeResponse hosts = answer.Responses[3].ResponseRange;
        LockView? view = lockNow.Kvs.Count == 0 ? null : new LockView(lockNow.Kvs[0].Value.ToStringUtf8(), lockNow.Kvs[0].Lease, lockNow.Kvs[0].ModRevision);
        var competitors = new List<string>(hosts.Kvs.Count);
        foreach (KeyValue pair in hosts.Kvs)
        {
            if (KeyLayout.TryParseCompetitorOf(pair.Key.ToStringUtf8(), transaction.Key, out string host))
                competitors.Add(host);
        }

        return new ElectorInput.Transacted(transaction.Token, applied, view, competitors, revision);
    }
}
