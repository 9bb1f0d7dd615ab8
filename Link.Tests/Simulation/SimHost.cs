namespace Link.Tests.Simulation;

/// <summary>A machine: clock, kernel, network, and the agent that runs on it.</summary>
internal sealed class SimHost
{
    private readonly Simulation _sim;
    private readonly List<string> _instances = [];
    private long _frozenAtUs;
    private bool _clockSeesFreeze;
    private int _starts;

    /// <param name="name">HOSTNAME; two machines may share one by mistake.</param>
    public SimHost(Simulation sim, int index, string name, bool runsLink)
    {
        _sim = sim;
        Index = index;
        Name = name;
        RunsLink = runsLink;
        SimRandom random = sim.Scenario.Draws;
        Clock = new HostClock(random.Between(0, 1_000_000_000), 1 + (random.NextDouble() - 0.5) * 2e-4);
        Kernel = new SimKernel(sim, this);
        Etcd = new SimEtcdClient(sim);
        UnhealthyUntilUs = new long[sim.Scenario.KeyCount];
    }

    /// <summary>Place among the machines; also the order of their MAC addresses.</summary>
    public int Index { get; }

    public string Name { get; }

    public bool RunsLink { get; }

    public HostClock Clock { get; }

    public SimKernel Kernel { get; }

    public SimEtcdClient Etcd { get; }

    /// <summary>The lease that the last agent on this machine noted here; 0: none.</summary>
    public long NotedLease { get; set; }

    /// <summary>Null: no process, or LinK's.</summary>
    public SimAgent? Agent { get; private set; }

    public SimLinkAgent? LinkAgent { get; private set; }

    public bool HasPower { get; private set; } = true;

    public bool IsFrozen { get; private set; }

    public bool HasCarrier { get; private set; } = true;

    /// <summary>Machines with the same number hear each other.</summary>
    public int Side { get; set; }

    public bool IsOnLan => HasPower && !IsFrozen && HasCarrier;

    public bool IsRunning => Agent != null || LinkAgent != null;

    /// <summary>An agent that gets to run.</summary>
    public bool IsAwake => HasPower && !IsFrozen && (LinkAgent != null || Agent is { IsPaused: false });

    /// <summary>For each key, until when its health checks fail.</summary>
    public long[] UnhealthyUntilUs { get; }

    /// <summary>When something last happened to this machine that explains that it loses or gets an address.</summary>
    public long DisturbedUs { get; set; } = -1_000_000_000;

    /// <summary>Faults on this machine under way.</summary>
    public int Disturbances { get; set; }

    /// <summary>Until when a machine that did not run may have more than one address too many: nothing on it could act.</summary>
    public long ThawedUs { get; private set; } = -1_000_000_000;

    public bool IsHealthy(int key) => _sim.Queue.NowUs >= UnhealthyUntilUs[key];

    public bool KnowsInstance(string instance) => _instances.Contains(instance);

    public void Start()
    {
        if (!HasPower || IsRunning)
            return;
        _sim.Log($"{this}: agent starts");
        _starts++;
        if (RunsLink)
        {
            LinkAgent = new SimLinkAgent(_sim, this);
            LinkAgent.Start();
            return;
        }

        string instance = $"{this}#{_starts}";
        _instances.Add(instance);
        Agent = new SimAgent(_sim, this, instance, (int)_sim.Random.Below(int.MaxValue));
        Agent.Start();
    }

    /// <summary>The process is gone at once; its addresses stay as long as the kernel has them.</summary>
    public void Kill()
    {
        Agent?.Die();
        LinkAgent?.Die();
        Agent = null;
        LinkAgent = null;
        Etcd.StopWatching();
    }

    public void OnAgentStopped()
    {
        Agent = null;
        Etcd.StopWatching();
    }

    public void PowerOff()
    {
        if (!HasPower)
            return;
        Kill();
        HasPower = false;
        IsFrozen = false;
        NotedLease = 0;
        Kernel.Clear();
        Etcd.Cut();
    }

    public void PowerOn()
    {
        if (HasPower)
            return;
        HasPower = true;
        Etcd.Heal();
    }

    /// <summary>The whole machine stands still, its kernel's timers too.</summary>
    public void Freeze(bool clockSees)
    {
        IsFrozen = true;
        _frozenAtUs = _sim.Queue.NowUs;
        _clockSeesFreeze = clockSees;
        Agent?.Pause();
    }

    public void Thaw()
    {
        if (!IsFrozen)
            return;
        IsFrozen = false;
        ThawedUs = _sim.Queue.NowUs;
        long us = ThawedUs - _frozenAtUs;
        Kernel.Shift(us);
        if (!_clockSeesFreeze)
            Clock.Lose(us);
        Agent?.Resume();
    }

    public void SetCarrier(bool up)
    {
        HasCarrier = up;
        Agent?.OnCarrier();
        LinkAgent?.OnHealth();
    }

    public void FailHealth(int key, long untilUs)
    {
        UnhealthyUntilUs[key] = Math.Max(UnhealthyUntilUs[key], untilUs);
        OnHealth(key);
        _sim.Queue.At(UnhealthyUntilUs[key], () => OnHealth(key));
    }

    public override string ToString() => $"m{Index}({Name})";

    private void OnHealth(int key)
    {
        Agent?.OnHealth(key);
        LinkAgent?.OnHealth();
    }
}
