namespace Link.Tests.Simulation;

/// <summary>A host's CLOCK_BOOTTIME: starts anywhere and runs at its own rate.</summary>
internal sealed class HostClock(long offsetMs, double rate)
{
    private double _offsetMs = offsetMs;

    public double Rate { get; } = rate;

    public long NowMs(long trueUs) => (long)(_offsetMs + trueUs / 1000.0 * Rate);

    /// <summary>The first true microsecond at which the clock shows <paramref name="clockMs"/>.</summary>
    public long TrueUs(long clockMs) => clockMs >= long.MaxValue / 4 ? long.MaxValue / 4 : (long)Math.Ceiling((clockMs - _offsetMs) * 1000.0 / Rate) + 1;

    /// <summary>A machine that was frozen and whose clock did not see it.</summary>
    public void Lose(long us) => _offsetMs -= us / 1000.0 * Rate;
}
