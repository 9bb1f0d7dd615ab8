using Link.Core.Election;

namespace Link.Tests.Simulation;

/// <summary>The failure detector's word: a host that neither we nor anybody that we hear has heard for 300 ms is dead.</summary>
internal sealed class SimHeartbeats
{
    private const long PeriodUs = 100_000;
    private const long DeadAfterUs = 300_000;

    private readonly Simulation _sim;
    private readonly long[,] _heardUs;
    private readonly Dictionary<(SimAgent Agent, int Peer), bool> _told = [];

    public SimHeartbeats(Simulation sim)
    {
        _sim = sim;
        _heardUs = new long[sim.Hosts.Count, sim.Hosts.Count];
        sim.Queue.After(PeriodUs, Beat);
    }

    private void Beat()
    {
        _sim.Queue.After(PeriodUs, Beat);
        long nowUs = _sim.Queue.NowUs;
        foreach (SimHost hearer in _sim.Hosts)
        {
            foreach (SimHost peer in _sim.Hosts)
            {
                if (peer.Agent is { IsPaused: false } && !peer.IsFrozen && _sim.Lan.Hears(hearer, peer))
                    _heardUs[hearer.Index, peer.Index] = nowUs;
            }
        }

        foreach (SimHost hearer in _sim.Hosts)
        {
            if (hearer.Agent is not { IsPaused: false, IsServing: true } agent)
                continue;
            foreach (SimHost peer in _sim.Hosts)
            {
                if (peer.Name == hearer.Name || peer.RunsLink || peer.Index >= _sim.Scenario.HostCount)
                    continue;
                bool hears = nowUs - _heardUs[hearer.Index, peer.Index] < DeadAfterUs;
                bool known = _told.TryGetValue((agent, peer.Index), out bool alive);
                if (hears && !alive)
                {
                    _told[(agent, peer.Index)] = true;
                    agent.Receive(new ElectorInput.PeerAlive(peer.Name));
                }
                else if (!hears && known && alive && AllAgree(hearer, peer))
                {
                    _told[(agent, peer.Index)] = false;
                    agent.Receive(new ElectorInput.PeerDead(peer.Name));
                }
            }
        }
    }

    /// <summary>Of more than two hosts, one that hears nobody is itself the one in trouble: somebody else must agree.</summary>
    private bool AllAgree(SimHost hearer, SimHost peer)
    {
        int agree = 0;
        foreach (SimHost other in _sim.Hosts)
        {
            if (other == hearer || other == peer || other.Agent is not { IsPaused: false } || !_sim.Lan.Hears(hearer, other))
                continue;
            if (_sim.Queue.NowUs - _heardUs[other.Index, peer.Index] < DeadAfterUs)
                return false;
            agree++;
        }

        return agree > 0 || _sim.Scenario.HostCount - _sim.Scenario.LinkHosts == 2;
    }
}
