namespace Link.Core.Net;

/// <summary>Allows a burst, then a rate. Counted in thousandths of a frame, so that no fraction is lost.</summary>
internal sealed class TokenBucket(int burst, int perSecond)
{
    private long _milliTokens = burst * 1000L;
    private long? _filledAtMs;

    /// <summary>Takes so many tokens, or none at all.</summary>
    public bool TryTake(int count, long nowMs)
    {
        Fill(nowMs);
        if (_milliTokens < count * 1000L)
            return false;
        _milliTokens -= count * 1000L;
        return true;
    }

    /// <summary>When so many will be there.</summary>
    public long ReadyAtMs(int count, long nowMs)
    {
        Fill(nowMs);
        var missing = (count * 1000L) - _milliTokens;
        return missing <= 0 ? nowMs : nowMs + ((missing + perSecond - 1) / perSecond);
    }

    private void Fill(long nowMs)
    {
        var elapsed = Math.Max(0, nowMs - (_filledAtMs ?? nowMs));
        _filledAtMs = nowMs;
        _milliTokens = Math.Min(burst * 1000L, _milliTokens + Math.Min(elapsed, 1_000_000) * perSecond);
    }
}
