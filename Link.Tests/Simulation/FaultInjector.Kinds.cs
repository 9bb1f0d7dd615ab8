using Link.Core.Election;

namespace Link.Tests.Simulation;

/// <summary>The kinds of faults and commands.</summary>
internal sealed partial class FaultInjector
{
    // ---- processes and machines ------------------------------------------------------------------

    private void KillAgent() => Restart(Happening.AgentKilled);

    /// <summary>SIGTERM: renew once more, leave everything.</summary>
    private void StopAgent()
    {
        SimHost host = Machine();
        if (host.Agent is { IsPaused: false } agent)
            _sim.Etcd.KeepAlive(agent.Elector.LeaseId);
        Restart(Happening.AgentStopped, host);
    }

    private void Restart(Happening happening, SimHost? which = null)
    {
        SimHost host = which ?? Machine();
        if (host.IsRunning && host.IsAwake)
            During(host, happening, DurationUs(), host.Kill, host.Start);
    }

    private void PauseAgent()
    {
        SimHost host = Machine();
        if (host.Agent is not { IsPaused: false } agent || host.IsFrozen)
            return;
        During(host, Happening.AgentPaused, DurationUs(), agent.Pause, () =>
        {
            if (!host.IsFrozen)
                agent.Resume();
        });
    }

    private void FreezeHost()
    {
        SimHost host = Machine();
        if (!host.IsAwake)
            return;
        bool clockSees = _random.Chance(0.5);
        During(host, Happening.HostFrozen, DurationUs(), () => host.Freeze(clockSees), host.Thaw);
    }

    private void HostDies()
    {
        SimHost host = Machine();
        if (!host.HasPower)
            return;
        During(host, Happening.HostDied, DurationUs(), host.PowerOff, () =>
        {
            host.PowerOn();
            host.Start();
        });
    }

    private void SecondAgent()
    {
        SimHost twin = _sim.Twin;
        if (twin.HasPower || _sim.Hosts[0].RunsLink)
            return;
        During(twin, Happening.SecondAgent, DurationUs(), () =>
        {
            twin.PowerOn();
            twin.Start();
        }, twin.PowerOff);
    }

    /// <summary>
    /// Somebody who may write etcd writes a host's own keys. No disturbance: nothing that is written there gives a host a cause to lose what it has.
    /// (Whoever may write the locks moves them.)
    /// </summary>
    private void ForgeKeys()
    {
        SimHost host = Machine();
        if (host.RunsLink)
            return;
        _sim.Count(Happening.KeysForged);
        int writes = _random.Pick(1, 3, 10, 60);
        long spanUs = _random.Pick(0, 100_000, 3_000_000, 15_000_000);
        _sim.Log($"somebody writes {writes} keys of {host.Name}");
        int kinds = 1 + _random.Below(31);
        for (int i = 0; i < writes; i++)
            _sim.Queue.At(Math.Min(_endUs, _sim.Queue.NowUs + _random.Between(0, spanUs)), () => Forge(host.Name, kinds));
    }

    /// <param name="kinds">Which kinds are used at all, one bit each.</param>
    private void Forge(string host, int kinds)
    {
        if (!_sim.Etcd.Up)
            return;
        int kind;
        do
            kind = _random.Below(5);
        while ((kinds & (1 << kind)) == 0);
        SimHost other = Machine();
        SimEtcd.HostCell cell = _sim.Etcd.Cell(host);
        long lease = _random.Pick(0, cell.LeaseId ?? 0, _sim.Etcd.Cell(other.Name).LeaseId ?? 0, 1_000_000);
        switch (kind)
        {
            case 0:
                string? reach = _random.Pick(null, "nowhere", other.ToString());
                _sim.Etcd.ForgeAgentKey(host, $"forged#{_random.Below(4)}", lease, reach, saysStopped: false);
                break;
            case 1:
                _sim.Etcd.ForgeAgentKey(host, cell.Instance ?? "forged", lease, null, saysStopped: true);
                break;
            case 2:
                _sim.Etcd.ForgeAgentKey(host, null, 0, null, saysStopped: false);
                break;
            case 3:
                // LinK's agent goes by the lease alone, and nothing tells it that another has that.
                if (!other.RunsLink)
                    cell.LeaseId = lease;
                break;
            default:
                _sim.Etcd.ForgeAbsence(Simulation.KeyName(Key()), host);
                break;
        }
    }

    // ---- etcd ------------------------------------------------------------------------------------

    private void CutEtcd()
    {
        SimHost host = Machine();
        During(host, Happening.EtcdCut, DurationUs(), host.Etcd.Cut, host.Etcd.Heal);
    }

    private void EtcdOutage()
    {
        if (_sim.Etcd.Up)
            During(null, Happening.EtcdOutage, DurationUs(), _sim.Etcd.Stop, () => _sim.Etcd.Start(wiped: false));
    }

    private void ChangeLeader()
    {
        if (_sim.Etcd.Up)
            During(null, Happening.LeaderChanged, DurationUs(2_000_000), _sim.Etcd.Stop, () => _sim.Etcd.Start(wiped: false));
    }

    private void WipeEtcd()
    {
        if (!_sim.Etcd.Up || !_random.Chance(0.3))
            return;
        During(null, Happening.EtcdWiped, DurationUs(), _sim.Etcd.Stop, () =>
        {
            _sim.Etcd.Start(wiped: true);
            BreakLeases();
        });
    }

    private void BreakLeases() =>
        _sim.LeasesBrokenUntilUs = _sim.Queue.NowUs + _sim.Tolerances.IntervalUs + _sim.Tolerances.RecoveryUs;

    private void RevokeLease()
    {
        SimHost host = Machine();
        if (_sim.Etcd.Cell(host.Name).LeaseId is not long lease || !_sim.Etcd.Up)
            return;
        Once(host, Happening.LeaseRevoked);
        BreakLeases();
        _sim.Etcd.Revoke(lease);
    }

    private void LoseRequests()
    {
        SimHost host = Machine();
        (double, double, double) loss = (_random.Pick(0.0, 0.1, 0.4), _random.Pick(0.05, 0.2, 0.5), _random.Pick(0.0, 0.0, 0.1));
        During(host, Happening.EtcdLossy, DurationUs(), () => host.Etcd.Loss = loss, () =>
        {
            host.Etcd.Loss = default;
            host.Etcd.Trouble();
        });
    }

    private void BreakStream()
    {
        SimHost host = Machine();
        bool restart = _random.Chance(0.5);
        During(host, Happening.StreamBroken, DurationUs(3_000_000), () => host.Etcd.BreakStream(restart), host.Etcd.MendStream);
    }

    // ---- LAN and kernels -------------------------------------------------------------------------

    private void SplitLan()
    {
        During(null, Happening.LanSplit, DurationUs(), () =>
        {
            foreach (SimHost host in _sim.Hosts)
                host.Side = _random.Below(2);
        }, () =>
        {
            foreach (SimHost host in _sim.Hosts)
                host.Side = 0;
            _sim.Lan.OnChanged();
        });
    }

    private void LoseFrames()
    {
        double loss = _random.Pick(0.05, 0.3, 0.8);
        During(null, Happening.LanLossy, DurationUs(), () => _sim.Lan.Loss = loss, () =>
        {
            _sim.Lan.Loss = 0;
            _sim.Lan.OnChanged();
        });
    }

    private void Carrier()
    {
        SimHost host = Machine();
        if (!host.HasPower || !host.HasCarrier)
            return;
        BreakKeys();
        During(host, Happening.CarrierLost, DurationUs(), () => host.SetCarrier(false), () =>
        {
            BreakKeys();
            host.SetCarrier(true);
        });
    }

    private void HealthFault()
    {
        SimHost host = Machine();
        int key = Key();
        long us = DurationUs();
        _sim.KeyBrokenUs[key] = _sim.Queue.NowUs;
        During(host, Happening.HealthFailed, us, () => host.FailHealth(key, _sim.Queue.NowUs + us), () => _sim.KeyBrokenUs[key] = _sim.Queue.NowUs);
    }

    private void ForeignRemoval()
    {
        SimHost host = Machine();
        int key = Key();
        // LinK's agent never puts it back (contract-link.md, defects).
        if (!host.Kernel.Has(key) || host.RunsLink || host.IsFrozen)
            return;
        _sim.KeyBrokenUs[key] = _sim.Queue.NowUs;
        Once(host, Happening.ForeignRemoval);
        host.Kernel.Remove(key);
        host.Agent?.OnForeignRemoval(key);
    }

    private void FalseSuspicion()
    {
        SimHost suspect = Machine();
        Once(suspect, Happening.FalseSuspicion);
        foreach (SimHost host in _sim.Hosts)
        {
            if (host.Name == suspect.Name || host.Agent is not { } agent)
                continue;
            _sim.Queue.After(_random.Between(0, 100_000), () => agent.Receive(new ElectorInput.PeerDead(suspect.Name)));
            _sim.Queue.After(_random.Between(200_000, 1_000_000), () => agent.Receive(new ElectorInput.PeerAlive(suspect.Name)));
        }
    }

    // ---- commands --------------------------------------------------------------------------------

    private const long RequestUs = 1_000_000;

    private void Failover()
    {
        int key = Key();
        // Mostly the holder is asked.
        SimHost host = _sim.Hosts.FirstOrDefault(h => h.Agent != null && h.Kernel.Has(key)) is { } holder && _random.Chance(0.9) ? holder : Machine();
        if (host.Agent?.Endpoint(key) is not { } endpoint)
            return;
        string? to = _random.Chance(0.4) ? Machine().Name : null;
        SimAgent agent = host.Agent;
        host.Etcd.Call(
            RequestUs,
            () =>
            {
                ElectorInput competitors = _sim.Etcd.ReadCompetitors(endpoint.Spec.Key);
                // A lock given to another by name goes to the lease in that one's agent key: whoever wrote that by hand has moved the lock.
                long lease = to == null || _sim.Etcd.Cell(to).Instance == null || _sim.Etcd.Cell(to).IsForged ? 0 : _sim.Etcd.Cell(to).InstanceLease;
                return () =>
                {
                    Disturb(host, 0);
                    agent.Receive(competitors);
                    agent.Send(id => new ElectorInput.Failover(id, endpoint.Id, to, lease));
                };
            },
            static () => { });
    }

    private void Remove()
    {
        SimHost host = Machine();
        if (host.Agent?.Endpoint(Key()) is not { } endpoint)
            return;
        Disturb(host, 0);
        host.Agent.Send(id => new ElectorInput.RemoveEndpoint(id, endpoint.Id));
    }

    private void Add()
    {
        SimHost host = Machine();
        int key = Key();
        if (host.Agent is not { } agent || (agent.Endpoint(key) != null && _random.Chance(0.8)))
            return;
        Disturb(host, 0);
        agent.Send(id => new ElectorInput.AddEndpoint(id, Spec(_sim, host, key, ++_nextId)));
    }

    private void Drain()
    {
        SimHost host = Machine();
        Disturb(host, 0);
        host.Agent?.Send(id => new ElectorInput.Drain(id));
        _sim.Queue.After(DurationUs(), () =>
        {
            Disturb(host, 0);
            host.Agent?.Send(id => new ElectorInput.Undrain(id));
        });
    }

    private void Undrain()
    {
        SimHost host = Machine();
        Disturb(host, 0);
        host.Agent?.Send(id => new ElectorInput.Undrain(id));
    }

    private void TryLock()
    {
        SimHost host = Machine();
        if (host.Agent?.Endpoint(Key()) is { } endpoint)
            host.Agent.Send(id => new ElectorInput.TryLock(id, endpoint.Id));
    }
}
