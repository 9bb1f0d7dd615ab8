namespace Link.Core.Election;

/// <summary>The Elector's constants. Times are milliseconds.</summary>
internal sealed record ElectorOptions
{
    /// <summary>This host's name in etcd.</summary>
    public required string Hostname { get; init; }

    /// <summary>Names this process among all that ever ran with this hostname.</summary>
    public required string Instance { get; init; }

    /// <summary>KEEPALIVE_INTERVAL: period of the lease's renewal.</summary>
    public long KeepAliveIntervalMs { get; init; } = 3_000;

    /// <summary>KEEPALIVE_RETRY: failures in a row beyond this many mean that etcd is lost.</summary>
    public int KeepAliveRetry { get; init; } = 5;

    /// <summary>A failed request to etcd is repeated after this time at the earliest.</summary>
    public long RetryDelayMs { get; init; } = 250;

    /// <summary>How long the old holder keeps the address after it saw the new one's lock, so that the announcement is learned first.</summary>
    public long LetGoDelayMs { get; init; } = 30;

    /// <summary>How long a host that does not have the endpoint leaves the lock to the one that has it when etcd is back after a loss.</summary>
    public long ReturnDelayMs { get; init; } = 500;

    /// <summary>How long after a rival's announcement ours is repeated, if the lock is still ours then.</summary>
    public long DefendDelayMs { get; init; } = 100;

    /// <summary>Time between the turns of two hosts that ask the LAN, and the least time from one question to the next.</summary>
    public long WitnessStepMs { get; init; } = 600;

    /// <summary>How long a process waits for an older one with the same hostname to object, when that one is not known to be gone.</summary>
    public long ProbationMs { get; init; } = 1_000;

    /// <summary>Time between the turns of two hosts that take a dead peer's lock.</summary>
    public long PeerStepMs { get; init; } = 100;

    /// <summary>Mean period of the audit that re-reads the locks, in case an event was lost.</summary>
    public long AuditIntervalMs { get; init; } = 300_000;

    /// <summary>How late the loop may be before everything known counts as doubtful.</summary>
    public long PauseMs { get; init; } = 1_000;

    /// <summary>Lease time to live that is asked for, in seconds: five intervals, as LinK asks.</summary>
    public int LeaseTtlSeconds => (int)Math.Max(1, (5 * KeepAliveIntervalMs + 999) / 1000);

    /// <summary>etcd is lost when the last renewal that it answered was sent longer ago than this.</summary>
    public long LossMs => KeepAliveIntervalMs * (KeepAliveRetry + 1);

    /// <summary>How long a planned hand-over waits for a host to take the lock. LinK's agents look at least once an interval.</summary>
    public long HandOverMs => KeepAliveIntervalMs + 500;
}
