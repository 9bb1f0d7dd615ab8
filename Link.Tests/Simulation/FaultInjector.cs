using Link.Core.Election;

namespace Link.Tests.Simulation;

/// <summary>
/// Plans the faults and commands of a run and carries them out. A run draws which kinds it uses at all (swarm testing: a fault that
/// hides another must be absent in some runs). Every fault ends before the run settles.
/// </summary>
internal sealed partial class FaultInjector
{
    private readonly Simulation _sim;
    private readonly SimRandom _random;
    private readonly List<Action> _kinds = [];
    private long _endUs;
    private int _nextId;

    public FaultInjector(Simulation sim)
    {
        _sim = sim;
        _random = sim.Scenario.Draws.Fork();
        Action[] mild = [Failover, Failover, Failover, Remove, Add, Drain, Undrain, HealthFault, HealthFault, Carrier, ForeignRemoval, TryLock, ForgeKeys];
        Action[] rough =
        [
            KillAgent, KillAgent, StopAgent, PauseAgent, PauseAgent, FreezeHost, HostDies, HostDies, CutEtcd, CutEtcd, EtcdOutage, EtcdOutage, ChangeLeader,
            WipeEtcd, LoseRequests, BreakStream, SplitLan, LoseFrames, FalseSuspicion, SecondAgent, SecondAgent, ForgeKeys, RevokeLease,
        ];
        foreach (Action kind in mild)
            Use(kind, 0.7);
        if (sim.Scenario.Kind != ScenarioKind.Mild)
        {
            foreach (Action kind in rough)
                Use(kind, 0.4);
        }

        if (_kinds.Count == 0)
            _kinds.Add(Failover);

        void Use(Action kind, double chance)
        {
            if (_random.Chance(chance))
                _kinds.Add(kind);
        }
    }

    public static EndpointSpec Spec(Simulation sim, SimHost host, int key, int number) =>
        new($"vip-{key}-{host.Name}-{number}", Simulation.KeyName(key), sim.Scenario.Policy(host.Index % sim.Scenario.HostCount, key));

    public void Plan(long fromUs, long toUs)
    {
        _endUs = toUs;
        for (int i = 0; i < _sim.Scenario.Faults; i++)
        {
            Action kind = _kinds[_random.Below(_kinds.Count)];
            // Half of them close behind another, where the edges are.
            _sim.Queue.At(_random.Between(fromUs, toUs - 100_000), kind);
        }
    }

    /// <summary>Everything that is broken works again; a machine may stay dead for good.</summary>
    public void HealAll()
    {
        _sim.Log("---- all faults stop ----");
        SimHost? dead = _sim.Scenario.Kind != ScenarioKind.Mild && _random.Chance(0.2) ? Machine() : null;
        _sim.Twin.PowerOff();
        foreach (SimHost host in _sim.Hosts)
        {
            if (host == _sim.Twin)
                continue;
            if (host == dead)
            {
                host.PowerOff();
                Disturb(host, 0);
                continue;
            }

            host.PowerOn();
            host.Start();
        }

        _sim.Queue.After(_sim.Tolerances.StartUs + _sim.NamesakeUs, () =>
        {
            foreach (SimHost host in _sim.Hosts)
            {
                if (host.Agent?.Elector.Drained == true)
                    host.Agent.Send(id => new ElectorInput.Undrain(id));
            }
        });
    }

    private SimHost Machine() => _sim.Hosts[_random.Below(_sim.Scenario.HostCount)];

    private int Key() => _random.Below(_sim.Scenario.KeyCount);

    /// <summary>From an instant to more than a lease's life, but not beyond the end of all faults.</summary>
    private long DurationUs(long mostUs = long.MaxValue)
    {
        long ttlUs = _sim.Tolerances.TtlUs;
        long us = _random.Pick(_random.Between(20_000, 1_000_000), _random.Between(1_000_000, 1_000_000 + ttlUs), _random.Between(ttlUs, 2 * ttlUs + 5_000_000));
        return Math.Clamp(Math.Min(us, mostUs), 1_000, Math.Max(1_000, _endUs - _sim.Queue.NowUs));
    }

    /// <summary>A fault of one machine, or of all (null), that ends.</summary>
    private void During(SimHost? host, Happening happening, long us, Action begin, Action end)
    {
        _sim.Count(happening);
        _sim.Log($"fault: {happening} {host} for {us / 1000} ms");
        Disturb(host, 1);
        begin();
        _sim.Queue.After(us, () =>
        {
            _sim.Log($"fault over: {happening} {host}");
            end();
            Disturb(host, -1);
        });
    }

    private void Once(SimHost? host, Happening happening)
    {
        _sim.Count(happening);
        _sim.Log($"fault: {happening} {host}");
        Disturb(host, 0);
    }

    private void Disturb(SimHost? host, int change)
    {
        if (host == null)
        {
            _sim.Disturbances += change;
            _sim.DisturbedUs = _sim.Queue.NowUs;
        }
        else
        {
            host.Disturbances += change;
            host.DisturbedUs = _sim.Queue.NowUs;
            if (host == _sim.Twin)
                Disturb(_sim.Hosts[0], change);
        }
    }

    private void BreakKeys()
    {
        for (int key = 0; key < _sim.Scenario.KeyCount; key++)
            _sim.KeyBrokenUs[key] = _sim.Queue.NowUs;
    }
}
