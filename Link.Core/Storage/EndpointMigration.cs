using Google.Protobuf;
using Link.Core.Etcd;

namespace Link.Core.Storage;

/// <summary>An endpoint in an old form, and the present form of it and of its secrets.</summary>
/// <param name="EndpointId">As in the key.</param>
/// <param name="Old">As it lies in etcd. Its lease, if it has one, may be the lock's: see to the lock first.</param>
/// <param name="New">As it is to be.</param>
/// <param name="Puts">Secrets to write, at places where there is nothing yet.</param>
/// <param name="Reads">Secrets whose present content the new ones were made from.</param>
/// <param name="Deletes">Those of them that nobody needs any more.</param>
/// <param name="Why">For the log.</param>
internal sealed record EndpointMigration(
    string EndpointId, Stored<EndpointRecord> Old, EndpointRecord New, IReadOnlyList<SecretPut> Puts, IReadOnlyList<Stored<SecretRecord>> Reads, IReadOnlyList<Stored<SecretRecord>> Deletes, string Why)
{
    /// <summary>etcd's revision of the endpoint when it was read.</summary>
    public long SeenRevision => Old.ModRevision;

    /// <summary>
    /// All or nothing: it fails, without changing anything, when the endpoint or one of its secrets has changed since. Plan anew then.
    /// So it does while the lock carries the lease that the old form names, because that is how its holder is known.
    /// </summary>
    /// <param name="electionKey">Of the endpoint; null: it has no lease of its own.</param>
    public TxnRequest ToTransaction(string? electionKey = null)
    {
        var conditions = new List<Compare> { When.ModRevisionIs(Old.Key, Old.ModRevision) };
        if (Old.Record is { LeaseId: not 0 and var lease } && electionKey is not null)
            conditions.Add(When.LeaseIsNot(KeyLayout.Lock(electionKey), lease));
        var operations = new List<RequestOp> { Op.Put(Old.Key, UnsafeByteOperations.UnsafeWrap(New.Write())) };
        foreach (var secret in Reads)
            conditions.Add(When.ModRevisionIs(secret.Key, secret.ModRevision));
        foreach (var put in Puts)
        {
            conditions.Add(When.Absent(put.Key));
            operations.Add(put.ToOp());
        }

        foreach (var secret in Deletes)
            operations.Add(Op.Delete(secret.Key));
        return TxnBuilder.If([.. conditions]).Then([.. operations]);
    }
}
