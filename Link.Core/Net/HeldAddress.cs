namespace Link.Core.Net;

/// <summary>One address that the host wants to have, and what is known of it in the kernel.</summary>
internal sealed class HeldAddress(VirtualAddress address, string interfaceName)
{
    /// <summary>So many removals within <see cref="StruggleMs"/> and we stop restoring at once.</summary>
    public const int StruggleCount = 5;
    public const int StruggleMs = 10_000;

    private const int MaxBackOffMs = 60_000;

    private readonly long[] _removedAtMs = new long[StruggleCount];
    private int _removals;
    private int _backOffMs = StruggleMs;

    public VirtualAddress Address { get; } = address;

    public string InterfaceName { get; } = interfaceName;

    public HeldState State { get; set; } = HeldState.Missing;

    /// <summary>The interface that it is on, while it is on one.</summary>
    public int InterfaceIndex { get; set; }

    /// <summary>Seconds, counted from <see cref="SetAtMs"/>; null = for ever.</summary>
    public int? LifetimeSeconds { get; private set; }

    public long SetAtMs { get; private set; }

    /// <summary>It is in the queue of renewals.</summary>
    public bool IsQueued { get; set; }

    /// <summary>It is in the queue of what is missing or may be.</summary>
    public bool IsUrgent { get; set; }

    /// <summary>The kernel has to learn a new lifetime.</summary>
    public bool NeedsRefresh { get; set; }

    /// <summary>It may have gone: see whether it is there, and restore it if not.</summary>
    public bool NeedsCheck { get; set; }

    /// <summary>It was added, and the kernel's notice that it works is still to come.</summary>
    public bool AwaitsNotice { get; set; }

    /// <summary>Not before this moment, after a struggle; null = at once.</summary>
    public long? NotBeforeMs { get; set; }

    public void SetLifetime(int? seconds, long nowMs)
    {
        LifetimeSeconds = seconds;
        SetAtMs = nowMs;
    }

    /// <summary>What the kernel is to be told, in seconds: what is left now, null = for ever, 0 = it is over.</summary>
    public int? RemainingSeconds(long nowMs)
    {
        // The flush follows the call that set it within the same turn of the loop; that moment does not cost a second.
        const int TurnMs = 100;
        return LifetimeSeconds is { } seconds ? (int)Math.Max(0, ((seconds * 1000L) + SetAtMs + TurnMs - nowMs) / 1000) : null;
    }

    /// <summary>Another program removed it.</summary>
    /// <returns>False if that happened so often that it is not to be restored at once.</returns>
    public bool MayRestore(long nowMs)
    {
        var oldest = _removedAtMs[_removals % StruggleCount];
        var struggles = _removals >= StruggleCount && nowMs - oldest < StruggleMs;
        _removedAtMs[_removals++ % StruggleCount] = nowMs;
        if (!struggles)
        {
            _backOffMs = StruggleMs;
            return true;
        }

        NotBeforeMs = nowMs + _backOffMs;
        _backOffMs = Math.Min(_backOffMs * 2, MaxBackOffMs);
        _removals = 0;
        return false;
    }
}
