using Link.Core.Election;

namespace Link.Tests.Simulation;

/// <summary>Carrying the Elector's effects out.</summary>
internal sealed partial class SimAgent
{
    private void Apply(ElectorEffect effect)
    {
        _sim.Invariants.OnEffect(this, effect);
        switch (effect)
        {
            case ElectorEffect.LoadHost:
                Host.Etcd.Call(RequestUs, Load, () => Receive(new ElectorInput.HostLoadFailed("timeout")));
                break;
            case ElectorEffect.GrantLease grant:
                Grant(grant.TtlSeconds);
                break;
            case ElectorEffect.RenewLease renew:
                Renew(renew.LeaseId);
                break;
            case ElectorEffect.WriteHost write:
                Write(write);
                break;
            case ElectorEffect.Transact transact:
                Transact(transact.Transaction);
                break;
            case ElectorEffect.DropLock drop:
                DropLock(drop, 5);
                break;
            case ElectorEffect.Activate activate:
                Activate(activate);
                break;
            case ElectorEffect.Extend extend:
                if (!_outputs.ContainsKey(extend.EndpointId))
                    throw new Violation(Invariants.Alternation, $"{Host} extends {extend.EndpointId}, which is not active");
                if (_sim.Mutation != Mutation.NoExtend)
                    Host.Kernel.Set(Simulation.KeyOf(extend.EndpointId), Lifetime(extend.LifetimeSeconds));
                break;
            case ElectorEffect.Deactivate deactivate:
                Deactivate(deactivate.EndpointId);
                break;
            case ElectorEffect.Announce announce:
                Output heard = _outputs[announce.EndpointId];
                heard.Silent = false;
                Announce(heard);
                break;
            case ElectorEffect.Silence silence:
                _outputs[silence.EndpointId].Silent = true;
                break;
            case ElectorEffect.AskLan ask:
                Ask(ask.EndpointId);
                break;
            case ElectorEffect.AskNamesake ask:
                AskNamesake(ask);
                break;
        }
    }

    private int? Lifetime(int? seconds) => _sim.Mutation == Mutation.EndlessLifetimes ? null : seconds;

    private Action Load()
    {
        SimEtcd.HostCell cell = _sim.Etcd.Cell(Host.Name);
        string? other = cell.Instance == Instance ? null : cell.Instance;
        bool gone = other != null && (cell.SaysStopped || (_sim.Scenario.KnowsPredecessor && Host.KnowsInstance(other)));
        bool noted = _sim.Scenario.KeepsLease && Host.NotedLease != 0;
        long? leaseId = noted ? Host.NotedLease : cell.LeaseId;
        if (leaseId is long lease && _sim.Etcd.HasLease(lease) && (noted || gone || other == null))
            _sim.Count(Happening.LeaseReused);
        var loaded = new ElectorInput.HostLoaded(leaseId, other, gone, cell.Drained, [.. cell.Records], cell.Reach, noted);
        return () => Receive(loaded);
    }

    private void Grant(int ttlSeconds)
    {
        long sentMs = NowMs;
        Host.Etcd.Call(
            RequestUs,
            () =>
            {
                (long id, int ttl) = _sim.Etcd.Grant(ttlSeconds);
                return () => Receive(new ElectorInput.LeaseGranted(id, ttl, sentMs));
            },
            () => Receive(new ElectorInput.LeaseGrantFailed("timeout")));
    }

    private void Renew(long leaseId)
    {
        long sentMs = NowMs;
        Host.Etcd.Call(
            RenewalUs,
            () =>
            {
                int ttl = _sim.Etcd.KeepAlive(leaseId);
                return () => Receive(ttl > 0 ? new ElectorInput.LeaseRenewed(leaseId, ttl, sentMs) : new ElectorInput.LeaseGone(leaseId));
            },
            () => Receive(new ElectorInput.LeaseRenewalFailed(leaseId, "timeout")),
            lateAnswers: true);
    }

    private void Write(ElectorEffect.WriteHost write) => Host.Etcd.Call(
        RequestUs,
        () =>
        {
            bool written = _sim.Etcd.WriteHost(Host.Name, Instance, write.LeaseId, write.Drained, _sim.Scenario.NamesakesCanAsk ? Host.ToString() : null);
            long revision = _sim.Etcd.Revision;
            return () => Receive(written ? new ElectorInput.HostWritten(write.LeaseId, revision) : new ElectorInput.HostWriteFailed("requested lease not found"));
        },
        () => Receive(new ElectorInput.HostWriteFailed("timeout")));

    private void DropLock(ElectorEffect.DropLock drop, int tries) => Host.Etcd.Call(
        RequestUs,
        () =>
        {
            if (_sim.Etcd.Lock(drop.Key) is { } held && held.Revision == drop.Revision)
                _sim.Etcd.DeleteLockIfOurs(drop.Key, drop.LeaseId);
            return static () => { };
        },
        () =>
        {
            if (tries > 1 && !_dead)
                _sim.Queue.After(1_000_000, () => DropLock(drop, tries - 1));
        });

    /// <summary>Three datagrams to the machine that the key names. Only a process that runs answers, and only for its own instance.</summary>
    private void AskNamesake(ElectorEffect.AskNamesake ask)
    {
        SimHost? asked = _sim.Hosts.FirstOrDefault(host => host.ToString() == ask.Reach);
        bool hears = asked is { IsFrozen: false, Agent: { IsPaused: false } } && asked.Agent.Instance == ask.Instance && _sim.Lan.Hears(Host, asked)
            && !(_random.Chance(_sim.Lan.Loss) && _random.Chance(_sim.Lan.Loss) && _random.Chance(_sim.Lan.Loss));
        if (!hears)
        {
            _sim.Count(Happening.NamesakeSilent);
            _sim.Queue.After(700_000, () => Receive(new ElectorInput.NamesakeSilent(ask.Instance)));
            return;
        }

        _sim.Count(Happening.NamesakeAnswered);
        _sim.Queue.After(_random.Between(200, 2_000), () =>
        {
            _sim.Invariants.OnNamesakeAnswers(this);
            Receive(new ElectorInput.NamesakeAnswered(ask.Instance, ask.Reach));
        });
    }

    private void Transact(LockTransaction transaction)
    {
        if (!_inFlight.TryAdd(transaction.EndpointId, transaction.Token))
            throw new Violation(Invariants.OneTransaction, $"{Host} sends {transaction.Operation} for {transaction.Key} while another transaction is under way");
        EndpointSpec? record = _elector.Endpoints.TryGetValue(transaction.EndpointId, out Endpoint? endpoint) ? endpoint.Spec : null;
        Host.Etcd.Call(
            RequestUs,
            () =>
            {
                ElectorInput? result = _sim.Etcd.Transact(Host.Name, transaction, record);
                return () => Receive(result ?? new ElectorInput.TransactionFailed(transaction.Token, "requested lease not found"));
            },
            () => Receive(new ElectorInput.TransactionFailed(transaction.Token, "timeout")));
    }

    private void Activate(ElectorEffect.Activate activate)
    {
        int key = Simulation.KeyOf(activate.EndpointId);
        var output = new Output(key);
        if (!_outputs.TryAdd(activate.EndpointId, output))
            throw new Violation(Invariants.Alternation, $"{Host} activates {activate.EndpointId} twice");
        Host.Kernel.Set(key, Lifetime(activate.LifetimeSeconds));
        Announce(output);
        Ensure(output, activate.EndpointId);
    }

    private void Deactivate(string id)
    {
        int key = Simulation.KeyOf(id);
        _outputs.Remove(id);
        if (_sim.Mutation != Mutation.LateDeactivate)
        {
            Host.Kernel.Remove(key);
            return;
        }

        _sim.Queue.After(3_000_000, () =>
        {
            if (_outputs.Values.All(output => output.Key != key))
                Host.Kernel.Remove(key);
        });
    }

    /// <summary>The plugin's control loop: a few rounds of announcements, then a slow refresh.</summary>
    private void Ensure(Output output, string id)
    {
        long periodUs = output.Rounds > 0 ? EnsureUs : SlowRefreshUs;
        _sim.Queue.After(periodUs * 3 / 4 + _random.Between(0, periodUs / 2), () =>
        {
            if (_dead || !_outputs.TryGetValue(id, out Output? current) || current != output)
                return;
            output.Rounds--;
            if (!IsPaused)
                Announce(output);
            Ensure(output, id);
        });
    }

    private void Announce(Output output)
    {
        if (!output.Silent && Host.Kernel.Has(output.Key))
            _sim.Lan.Announce(Host, output.Key);
    }

    private void Ask(string id)
    {
        if (!Host.IsOnLan)
        {
            _sim.Queue.After(1_000, () => Receive(new ElectorInput.LanUnknown(id, "no carrier")));
            return;
        }

        _sim.Lan.Ask(Host, Simulation.KeyOf(id), by =>
        {
            if (by != null)
                _sim.Count(Happening.LanAnswered);
            Receive(by != null ? new ElectorInput.LanAnswered(id, by) : new ElectorInput.LanSilent(id));
        });
    }

    // ---- commands --------------------------------------------------------------------------------

    /// <summary>An agent that is dead, paused or still loading takes no commands.</summary>
    public void Send(Func<long, ElectorInput.Command> make)
    {
        if (_dead || IsPaused || !_loaded)
            return;
        long id = _sim.Invariants.NewCommand();
        ElectorInput.Command command = make(id);
        _sim.Invariants.OnCommand(id, this, command);
        Step(command);
        if (command is ElectorInput.AddEndpoint && !_dead)
            TellFaults();
    }
}
