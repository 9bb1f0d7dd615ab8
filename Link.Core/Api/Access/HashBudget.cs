namespace Link.Core.Api.Access;

/// <summary>
/// Processor time for wrong passwords, over all sources: a tenth of one processor, and two seconds at once. What a hash costs is known afterwards, so that
/// one may overdraw it; the next waits until that is paid back. Not for several threads.
/// </summary>
internal sealed class HashBudget
{
    private const int Share = 10;

    private static readonly TimeSpan s_most = TimeSpan.FromSeconds(2);

    private TimeSpan _left = s_most;
    private TimeSpan? _filledAt;

    /// <summary>How long until the next hash may begin.</summary>
    public TimeSpan ReadyIn(TimeSpan now)
    {
        Fill(now);
        return _left > TimeSpan.Zero ? TimeSpan.Zero : -_left * Share + TimeSpan.FromMilliseconds(1);
    }

    /// <summary>Notes what a wrong password has cost.</summary>
    public void Spend(TimeSpan cost, TimeSpan now)
    {
        Fill(now);
        _left -= cost;
    }

    private void Fill(TimeSpan now)
    {
        TimeSpan passed = now - (_filledAt ?? now);
        _filledAt = now;
        if (passed > TimeSpan.Zero)
        {
            _left += passed / Share;
            _left = _left > s_most ? s_most : _left;
        }
    }
}
