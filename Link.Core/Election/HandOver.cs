namespace Link.Core.Election;

/// <summary>A planned move of one endpoint to another host, under way. Make before break: the old holder keeps the address until it sees the new one's lock.</summary>
internal sealed class HandOver
{
    /// <summary>Command to answer; 0: nobody waits.</summary>
    public required long CommandId { get; init; }

    /// <summary>A drain waits for it.</summary>
    public bool OfDrain { get; set; }

    /// <summary>The wanted successor; null: whoever takes the lock first.</summary>
    public string? ToHost { get; init; }

    public long ToLeaseId { get; init; }

    /// <summary>The lock is released; others may take it.</summary>
    public bool Given { get; set; }

    /// <summary>When to give up waiting for etcd, and once the lock is given, for a successor.</summary>
    public long DeadlineMs { get; set; } = long.MaxValue;
}
