using Link.Core.Election;

namespace Link.Tests.Simulation;

/// <summary>
/// LinK's own agent, as contract-link.md describes it: keep-alive and a poll of every key each interval, another try when
/// <c>/link/ips</c> changes, an address without lifetime that stays until the next poll. Without etcd it does nothing.
/// </summary>
internal sealed class SimLinkAgent(Simulation sim, SimHost host)
{
    private const int AnnounceRounds = 3;

    private readonly SimRandom _random = sim.Random.Fork();
    private readonly long[] _tried = new long[sim.Scenario.KeyCount];
    private readonly bool[] _active = new bool[sim.Scenario.KeyCount];
    private long _leaseId;
    private long _tries;
    private bool _dead;

    private long IntervalUs => sim.Scenario.IntervalMs * 1_000L;

    public long StartedUs { get; } = sim.Queue.NowUs;

    public void Start()
    {
        host.Etcd.Watch(host.Name, OnNews);
        _leaseId = sim.Etcd.Cell(host.Name).LeaseId ?? 0;
        Poll();
    }

    public void Die() => _dead = true;

    public void OnHealth()
    {
        if (_dead)
            return;
        for (int key = 0; key < sim.Scenario.KeyCount; key++)
        {
            if (!CanHold(key))
                Leave(key);
        }
    }

    private bool CanHold(int key) => host.IsHealthy(key) && host.HasCarrier && sim.Competes(host.Index, key);

    private void OnNews(ElectorInput news)
    {
        if (news is ElectorInput.CompetitorChanged changed && changed.Host != host.Name)
            Try(Simulation.KeyOf(changed.Key));
    }

    private void Poll()
    {
        if (_dead)
            return;
        sim.Queue.After(IntervalUs * 9 / 10 + _random.Between(0, IntervalUs / 5), Poll);
        if (host.IsFrozen)
            return;
        KeepAlive();
        for (int key = 0; key < sim.Scenario.KeyCount; key++)
        {
            if (CanHold(key))
                Try(key);
            else
                host.Kernel.Remove(key);
        }
    }

    private void KeepAlive() => host.Etcd.Call(
        IntervalUs,
        () =>
        {
            if (_leaseId == 0 || sim.Etcd.KeepAlive(_leaseId) == 0)
            {
                _leaseId = sim.Etcd.Grant(sim.Scenario.TtlSeconds).LeaseId;
                sim.Etcd.WriteHost(host.Name, null, _leaseId, false);
            }

            return () => { };
        },
        () => { });

    private void Try(int key)
    {
        if (_dead || _leaseId == 0 || !CanHold(key))
            return;
        long leaseId = _leaseId;
        long number = ++_tries;
        host.Etcd.Call(
            IntervalUs,
            () =>
            {
                ElectorInput.Transacted? result = sim.Etcd.Transact(host.Name, new LockTransaction(0, "", Simulation.KeyName(key), LockOperation.Take, leaseId), null);
                return () =>
                {
                    if (number < _tried[key])
                        return;
                    _tried[key] = number;
                    OnTried(key, result?.Lock?.LeaseId == _leaseId);
                };
            },
            () => { });
    }

    private void OnTried(int key, bool ours)
    {
        if (_dead)
            return;
        if (!CanHold(key))
        {
            if (ours)
                Leave(key);
            return;
        }

        if (ours && !_active[key])
        {
            sim.Count(Happening.LinkAgentHeld);
            if (sim.Hosts.Any(other => other != host && other.Agent?.Endpoint(key)?.HandOver != null))
                sim.Count(Happening.HandedToLinkAgent);
            _active[key] = true;
            host.Kernel.Set(key, null);
            Announce(key, AnnounceRounds);
        }
        else if (!ours && host.Kernel.Has(key))
        {
            _active[key] = false;
            host.Kernel.Remove(key);
        }
    }

    private void Leave(int key)
    {
        long leaseId = _leaseId;
        _active[key] = false;
        host.Kernel.Remove(key);
        host.Etcd.Call(
            IntervalUs,
            () =>
            {
                sim.Etcd.DeleteLockIfOurs(Simulation.KeyName(key), leaseId);
                return () => { };
            },
            () =>
            {
                if (!_dead && !CanHold(key))
                    Leave(key);
            });
    }

    private void Announce(int key, int rounds)
    {
        if (_dead || !_active[key])
            return;
        sim.Lan.Announce(host, key);
        if (rounds > 0)
            sim.Queue.After(1_000_000, () => Announce(key, rounds - 1));
    }
}
