namespace Link.Core.Election;

/// <summary>One endpoint on this host. Owned and changed by the <see cref="Elector"/>; others read it on the Elector's thread.</summary>
internal sealed class Endpoint(EndpointSpec spec)
{
    public EndpointSpec Spec { get; } = spec;

    public string Id => Spec.Id;

    public EndpointState State { get; set; }

    /// <summary>Verdict of the health checks; null: healthy.</summary>
    public string? HealthFault { get; set; }

    /// <summary>Why the output cannot work; null: it can.</summary>
    public string? OutputFault { get; set; } = spec.OutputFault;

    /// <summary>When the output could not work last.</summary>
    public long OutputFaultAtMs { get; set; } = long.MinValue / 2;

    public string? Fault => HealthFault ?? OutputFault;

    /// <summary>When the kernel removes the address by itself; meaningful while activated.</summary>
    public long ExpiresAtMs { get; set; } = long.MaxValue;

    // ---- the lock, as etcd said last -------------------------------------------------------------

    /// <summary>False: nothing is known of the lock, or what was known is no longer trusted.</summary>
    public bool LockKnown { get; set; }

    /// <summary>The lock; null: nobody has it. Meaningful when <see cref="LockKnown"/>.</summary>
    public LockView? Lock { get; set; }

    /// <summary>Revision at which <see cref="Lock"/> was true; older news is ignored.</summary>
    public long LockRevision { get; set; }

    /// <summary>The other hosts that compete for the key, in ordinal order.</summary>
    public string[] Others { get; set; } = [];

    public long OthersRevision { get; set; }

    // ---- the transaction under way ---------------------------------------------------------------

    /// <summary>0: none.</summary>
    public long Token { get; set; }

    public LockOperation Operation { get; set; }

    public int Failures { get; set; }

    public long RetryAtMs { get; set; }

    /// <summary>The latest revision that was known when the transaction was sent.</summary>
    public long SentRevision { get; set; }

    /// <summary>The lease that it was sent with.</summary>
    public long SentLeaseId { get; set; }

    /// <summary>The lock must be read again.</summary>
    public bool MustObserve { get; set; }

    /// <summary>Somebody deleted our <c>/link/ips</c> key: it is written again at this time.</summary>
    public long CompeteAgainAtMs { get; set; } = long.MaxValue;

    /// <summary>The lock that we had when the host's lease was left, by lease and revision; 0: none.</summary>
    public long FormerLeaseId { get; set; }

    public long FormerRevision { get; set; }

    // ---- commands --------------------------------------------------------------------------------

    /// <summary>Not stored in etcd yet.</summary>
    public bool Creating { get; set; }

    public long CreateCommandId { get; set; }

    public long CreateDeadlineMs { get; set; } = long.MaxValue;

    /// <summary>etcd may have lost its record (its data was wiped, or our lease ended with who knows what else): store it again.</summary>
    public bool RecordDoubtful { get; set; }

    /// <summary>Somebody wants it gone.</summary>
    public bool Removing { get; set; }

    /// <summary>It is gone from etcd; only the output is left, until a successor has the lock.</summary>
    public bool RemovedFromEtcd { get; set; }

    public long RemoveCommandId { get; set; }

    public long RemoveDeadlineMs { get; set; } = long.MaxValue;

    public HandOver? HandOver { get; set; }

    // ---- competing -------------------------------------------------------------------------------

    /// <summary>Another host has the lock: the output goes off at this time, when the other's is on.</summary>
    public long LetGoAtMs { get; set; } = long.MaxValue;

    /// <summary>Not before this time does this host take the lock if it is free.</summary>
    public long TakeNotBeforeMs { get; set; }

    /// <summary>A drained host tries again to hand the endpoint over at this time.</summary>
    public long DrainRetryAtMs { get; set; }

    /// <summary>When this host takes the lock of a dead holder; with <see cref="DeadRevision"/>.</summary>
    public long TakeFromDeadAtMs { get; set; } = long.MaxValue;

    public long DeadRevision { get; set; }

    // ---- without etcd ----------------------------------------------------------------------------

    /// <summary>The output is on because the LAN was silent, not because of etcd's word.</summary>
    public bool ClaimedOnLan { get; set; }

    /// <summary>etcd is back and says that another host has the lock, which the LAN denied: until then we wait for that host to show itself.</summary>
    public long ClaimGraceUntilMs { get; set; }

    public bool Asking { get; set; }

    public long AskAtMs { get; set; } = long.MaxValue;

    /// <summary>When to announce against a rival.</summary>
    public long DefendAtMs { get; set; } = long.MaxValue;

    public long RivalAtMs { get; set; } = long.MinValue / 2;

    /// <summary>Since when a rival is heard again and again, and when it was heard last.</summary>
    public long RivalSinceMs { get; set; } = long.MinValue / 2;

    public long LastRivalMs { get; set; } = long.MinValue / 2;

    /// <summary>How often a rival was heard while this host held the endpoint.</summary>
    public long Rivals { get; set; }

    public long RivalNoticeAtMs { get; set; } = long.MinValue / 2;

    /// <summary>Time of this endpoint's earliest entry in the Elector's timer queue.</summary>
    public long QueuedMs { get; set; } = long.MaxValue;

    public bool Gone { get; set; }
}
