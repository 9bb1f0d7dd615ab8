namespace Link.Core.Election;

/// <summary>One transaction on one endpoint's lock. The Elector has at most one under way per endpoint.</summary>
/// <param name="Token">Names the transaction in its result.</param>
/// <param name="EndpointId">The endpoint.</param>
/// <param name="Key">Its election key.</param>
/// <param name="Operation">What to do.</param>
/// <param name="LeaseId">Our lease.</param>
internal sealed record LockTransaction(long Token, string EndpointId, string Key, LockOperation Operation, long LeaseId)
{
    /// <summary><see cref="LockOperation.HandTo"/>: the new holder.</summary>
    public string? TargetHost { get; init; }

    /// <summary><see cref="LockOperation.HandTo"/>: the new holder's lease; <see cref="LockOperation.TakeFromDead"/>: the dead holder's; <see cref="LockOperation.Inherit"/>: our own old one.</summary>
    public long OtherLeaseId { get; init; }

    /// <summary><see cref="LockOperation.TakeFromDead"/> and <see cref="LockOperation.Inherit"/>: the revision at which we saw the lock last.</summary>
    public long SeenRevision { get; init; }
}
