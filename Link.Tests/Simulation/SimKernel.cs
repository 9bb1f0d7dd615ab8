namespace Link.Tests.Simulation;

/// <summary>A machine's address table: one address for each key, with a lifetime that the kernel ends 0.1 to 0.35 s late, whoever is alive.</summary>
internal sealed class SimKernel(Simulation sim, SimHost host)
{
    /// <summary>Measured: 0.11 to 0.31 s (ADDRCONF_TIMER_FUZZ and the timer wheel).</summary>
    private const long LeastLateUs = 110_000;
    private const long MostLateUs = 350_000;
    private const long Never = long.MaxValue / 4;

    private readonly long[] _expiresUs = new long[sim.Scenario.KeyCount];
    private readonly bool[] _has = new bool[sim.Scenario.KeyCount];
    private readonly SimRandom _random = sim.Scenario.Draws.Fork();

    /// <summary>An address that somebody else put on the interface.</summary>
    public bool HasForeign { get; set; } = true;

    public bool Has(int key) => _has[key];

    /// <summary>True when the lifetime has not run out, whether the address is there or was removed by hand.</summary>
    public bool IsAlive(int key) => sim.Queue.NowUs < _expiresUs[key];

    public void Set(int key, int? lifetimeSeconds)
    {
        _expiresUs[key] = lifetimeSeconds is int seconds
            ? sim.Queue.NowUs + (long)(seconds * 1_000_000 / host.Clock.Rate) + _random.Between(LeastLateUs, MostLateUs)
            : Never;
        Change(key, true);
        if (lifetimeSeconds != null)
            ExpireLater(key, _expiresUs[key]);
    }

    public void Restore(int key)
    {
        if (!IsAlive(key))
            return;
        Change(key, true, isNew: false);
        if (_expiresUs[key] < Never)
            ExpireLater(key, _expiresUs[key]);
    }

    public void Remove(int key) => Change(key, false);

    public void Clear()
    {
        for (int key = 0; key < _has.Length; key++)
            Change(key, false);
    }

    /// <summary>The machine did not run: its timers fire later by as much.</summary>
    public void Shift(long us)
    {
        for (int key = 0; key < _has.Length; key++)
        {
            if (!_has[key] || _expiresUs[key] >= Never)
                continue;
            _expiresUs[key] += us;
            ExpireLater(key, _expiresUs[key]);
        }
    }

    private void ExpireLater(int key, long timeUs) => sim.Queue.At(timeUs, () =>
    {
        if (!_has[key] || _expiresUs[key] != timeUs || host.IsFrozen)
            return;
        sim.Count(Happening.KernelExpired);
        sim.Log($"{host}: kernel removes k{key}, its lifetime is over");
        sim.Invariants.OnExpiry(host, key);
        Change(key, false);
    });

    private void Change(int key, bool has, bool isNew = true)
    {
        if (_has[key] == has)
            return;
        _has[key] = has;
        sim.Invariants.OnAddress(host, key, has, isNew);
    }
}
