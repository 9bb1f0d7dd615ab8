namespace Link.Core.Election;

/// <summary>The transactions on a lock key. Contract: LinK's lock rules; each compares before it writes.</summary>
internal enum LockOperation
{
    /// <summary>Compete: write our <c>/link/ips</c> key if it is missing, and take the lock if nobody has it. Tells what there is.</summary>
    Take,

    /// <summary>As <see cref="Take"/>, but does not take.</summary>
    Observe,

    /// <summary>As <see cref="Take"/>, and stores the endpoint's record in the same transaction: of a new endpoint, or of one whose record etcd may have lost.</summary>
    Create,

    /// <summary>As <see cref="Create"/>, but does not take the lock.</summary>
    CreateOnly,

    /// <summary>If the lock is ours: delete it and re-put our <c>/link/ips</c> key, so that every other host tries at once.</summary>
    Release,

    /// <summary>
    /// If the lock is ours: put it with the target's hostname and lease, provided that the target's agent key carries that lease and that the
    /// target's <c>/link/ips</c> key is there. (A host that has just deleted its endpoint would keep the lock for ever, and hold nothing.)
    /// </summary>
    HandTo,

    /// <summary>Delete the lock if it is ours, our <c>/link/ips</c> key and the endpoint's record.</summary>
    Remove,

    /// <summary>If the lock still carries the dead host's lease at the revision that we saw: put it with ours.</summary>
    TakeFromDead,

    /// <summary>
    /// If the lock still carries the lease that this host's own endpoint had before (LinK before 1.9: one for each endpoint): put it with the host's.
    /// Nobody else can have it, so nothing moves.
    /// </summary>
    Inherit,
}
