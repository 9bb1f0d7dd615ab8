namespace Link.Core.Agent;

/// <summary>
/// When the heap is worth a full collection that gives memory back to the system. The runtime collects by what is allocated, so that an agent at rest
/// would keep for hours what a burst of requests took. Bytes are all that the process has allocated so far, times are CLOCK_BOOTTIME.
/// </summary>
internal sealed class HeapTrim(long nowMs)
{
    private const long PeriodMs = 10_000;

    /// <summary>No more than the first generation's budget, so that an agent at rest leaves the runtime nothing to collect.</summary>
    private const long WorthBytes = 1 << 20;

    /// <summary>In a period. Renewals of the lease need a quarter of it.</summary>
    private const long RestBytes = 256 << 10;

    private long _lookedMs = nowMs;
    private long _allocated;
    private long _trimmed;

    /// <summary>Whether the time of a look has come.</summary>
    public bool WantsLook(long nowMs) => nowMs - _lookedMs >= PeriodMs;

    /// <summary>True: enough was allocated since the last time, and the agent is at rest.</summary>
    public bool IsDue(long nowMs, long allocated)
    {
        bool atRest = allocated - _allocated < RestBytes;
        (_lookedMs, _allocated) = (nowMs, allocated);
        if (!atRest || allocated - _trimmed < WorthBytes)
            return false;
        _trimmed = allocated;
        return true;
    }
}
