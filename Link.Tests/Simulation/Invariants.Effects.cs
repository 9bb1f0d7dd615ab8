using Link.Core.Election;

namespace Link.Tests.Simulation;

/// <summary>What agents emit: commands' answers, moves, rest, stop.</summary>
internal sealed partial class Invariants
{
    public void OnInput(SimAgent agent, ElectorInput input)
    {
        _sim.Mix(2, agent.Host.Index, input.GetType().Name.Length);
        if (_sim.Tracing)
            _sim.Log($"{agent.Host} <- {input}");
        switch (input)
        {
            case ElectorInput.LeaseGone:
                _sim.Count(Happening.LeaseGone);
                break;
            case ElectorInput.HostWritten:
                OnHostWritten(agent);
                break;
            case ElectorInput.LanSilent or ElectorInput.LanAnswered or ElectorInput.Tick:
                break;
        }
    }

    public void OnEffect(SimAgent agent, ElectorEffect effect)
    {
        _sim.Mix(3, agent.Host.Index, effect.GetType().Name.Length);
        if (_sim.Tracing)
            _sim.Log($"{agent.Host} -> {effect}");
        if (AtRest && effect is not (ElectorEffect.RenewLease or ElectorEffect.Extend))
            CheckRest(agent, effect);
        switch (effect)
        {
            case ElectorEffect.StateChanged changed:
                CountChange(changed);
                break;
            case ElectorEffect.Answer answer:
                OnAnswer(agent, answer);
                break;
        }
    }

    private void CheckRest(SimAgent agent, ElectorEffect effect)
    {
        bool audits = _sim.Scenario.AuditIntervalMs < 60_000;
        if (audits && effect is ElectorEffect.Transact { Transaction.Operation: LockOperation.Observe or LockOperation.Take })
            return;
        // What somebody wrote over is written back after a pause that grows.
        if (_sim.NamesakesSeen && effect is ElectorEffect.WriteHost)
            return;
        throw new Violation(QuietAtRest, $"{agent.Host} emits {effect}");
    }

    /// <summary>The namesake of <paramref name="agent"/> has answered it.</summary>
    public void OnNamesakeAnswers(SimAgent agent) => _answeredUs[agent] = NowUs;

    public void OnServing(SimAgent agent)
    {
        if (_answeredUs.TryGetValue(agent, out long answered) && NowUs - answered < 2_000_000)
            throw new Violation(NamesakeRespected, $"{agent.Host} serves {(NowUs - answered) / 1000} ms after its namesake has answered");
    }

    private void OnHostWritten(SimAgent agent)
    {
        const int Most = 12;
        const long WithinUs = 5_000_000;
        if (!_hostWrites.TryGetValue(agent, out Queue<long>? times))
            _hostWrites[agent] = times = new Queue<long>();
        times.Enqueue(NowUs);
        if (times.Count <= Most)
            return;
        if (NowUs - times.Dequeue() < WithinUs)
            throw new Violation(NoWriteWar, $"{agent.Host} has written its keys {Most + 1} times within {WithinUs / 1_000_000} s");
    }

    private void CheckCause(SimHost host, int key)
    {
        int last = _lastHolder[key];
        _lastHolder[key] = host.Index;
        // A machine that stood still acts on old news until it has read the later ones.
        if (last < 0 || last == host.Index || host.RunsLink || NowUs - host.ThawedUs < Tolerances.RecoveryUs)
            return;
        SimHost loser = _sim.Hosts[last];
        // It did not move from where it has not been for long; why it went from there was asked then, and why nobody had it is asked elsewhere.
        if (!loser.Kernel.Has(key) && NowUs - _vacantUs[key] > Tolerances.TwoHoldersUs + Tolerances.NobodyUs)
            return;
        // A drained host that could not hand over tries again now and then.
        bool caused = _sim.Disturbances > 0 || loser.Disturbances > 0 || !_sim.Warm || loser.Agent?.Elector.Drained == true
            || NowUs - Math.Max(_sim.DisturbedUs, loser.DisturbedUs) < Tolerances.CauseUs;
        if (!caused)
            throw new Violation(NoMoveWithoutCause, $"k{key} moved from {loser} to {host}; nothing happened to {loser} for {(NowUs - loser.DisturbedUs) / 1000} ms");
    }

    private void CountChange(ElectorEffect.StateChanged changed)
    {
        if (changed.Reason.StartsWith("etcd is lost", StringComparison.Ordinal))
            _sim.Count(Happening.Claimed);
        else if (changed.Reason.EndsWith("has the address", StringComparison.Ordinal))
            _sim.Count(Happening.RivalYielded);
        else if (changed.Reason.StartsWith("etcd does not answer", StringComparison.Ordinal))
            _sim.Count(Happening.ReleasedBeforeExpiry);
    }

    // ---- commands --------------------------------------------------------------------------------

    public long NewCommand() => ++_lastCommand;

    public void OnCommand(long id, SimAgent agent, ElectorInput.Command command) =>
        _commands[id] = new Command(agent, NowUs + Tolerances.AnswerUs, command);

    private void OnAnswer(SimAgent agent, ElectorEffect.Answer answer)
    {
        if (!_commands.Remove(answer.CommandId, out Command? command))
            throw new Violation(Answers, $"{agent.Host} answers {answer.CommandId} again, or unasked: {answer}");
        bool done = answer.Status == AnswerStatus.Done;
        Happening? happening = command.Input switch
        {
            ElectorInput.Failover { ToHost: null } when done => Happening.FailoverDone,
            ElectorInput.Failover when done => Happening.FailoverToDone,
            ElectorInput.Failover when answer.Status == AnswerStatus.Failed => Happening.FailoverFailed,
            ElectorInput.Failover => Happening.FailoverRefused,
            ElectorInput.RemoveEndpoint when done => Happening.EndpointRemoved,
            ElectorInput.AddEndpoint when done => Happening.EndpointAdded,
            ElectorInput.AddEndpoint => Happening.HalfAdded,
            ElectorInput.Drain when done => Happening.Drained,
            ElectorInput.Drain => Happening.DrainFailed,
            ElectorInput.Undrain when done => Happening.Undrained,
            _ => null,
        };
        if (happening is { } happened)
            _sim.Count(happened);
    }

    private void CheckCommands()
    {
        foreach ((long id, Command command) in _commands)
        {
            SimAgent agent = command.Agent;
            if (agent.Host.Agent != agent || agent.IsPaused || NowUs - agent.ResumedUs < Tolerances.AnswerUs)
            {
                if (agent.Host.Agent != agent)
                {
                    _commands.Remove(id);
                    return;
                }

                continue;
            }

            if (NowUs > command.DeadlineUs)
                throw new Violation(Answers, $"{agent.Host} has not answered {command.Input} within {Tolerances.AnswerUs / 1000} ms");
        }
    }

    // ---- the end ---------------------------------------------------------------------------------

    /// <summary>Faults have stopped and everything had its time.</summary>
    public void CheckEnd()
    {
        for (int key = 0; key < _sim.Scenario.KeyCount; key++)
        {
            SimHost[] holders = [.. _sim.Hosts.Where(host => Holds(host, key))];
            SimHost[] could = [.. _sim.Hosts.Where(host => CouldHold(host, key) || host.LinkAgent != null && _sim.Competes(host.Index, key) && host.IsHealthy(key))];
            if (could.Length == 0)
                continue;
            if (holders.Length != 1)
                throw new Violation(OneHolderAtEnd, $"k{key} is held by [{string.Join(", ", holders.Select(host => host.ToString()))}]");
            SimHost holder = holders[0];
            LockView? held = _sim.Etcd.Lock(Simulation.KeyName(key));
            if (!OwnsLock(holder, key) || held!.Value.Holder != holder.Name)
                throw new Violation(OneView, $"{holder} has k{key}, the lock is {held}");
            foreach (SimHost host in _sim.Hosts)
            {
                if (host.Agent?.Endpoint(key) is not { } endpoint)
                    continue;
                bool right = endpoint.LockKnown && endpoint.Lock == held && (endpoint.State == EndpointState.Activated) == (host == holder);
                if (!right)
                    throw new Violation(OneView, $"{host} thinks that k{key} is {endpoint.State} with lock {endpoint.Lock} (known: {endpoint.LockKnown}); it is {held}");
            }

            // LinK's agent neither defends nor refreshes: its announcement may have been lost for good.
            if (!holder.RunsLink && _sim.Lan.ClientCache[key] != holder.Index)
                throw new Violation(ClientFollows, $"the client sends k{key} to m{_sim.Lan.ClientCache[key]}; {holder} has it");
        }

        foreach (SimHost host in _sim.Hosts)
        {
            if (!host.Kernel.HasForeign)
                throw new Violation(ForeignAddress, $"{host}");
            if (host.Agent is { IsServing: true } agent && _sim.Etcd.Generation == 0 && _sim.Happenings[(int)Happening.SecondAgent] == 0)
                CheckRecords(host, agent);
        }
    }

    /// <summary>etcd's records, the competitor keys and the agent's endpoints are the same set. (A wiped etcd has no records, so that an agent that starts then knows of nothing; two agents of one name write over each other.)</summary>
    private void CheckRecords(SimHost host, SimAgent agent)
    {
        string[] stored = [.. _sim.Etcd.Cell(host.Name).Records.Select(spec => spec.Id).Order(StringComparer.Ordinal)];
        string[] known = [.. agent.Elector.Endpoints.Keys.Order(StringComparer.Ordinal)];
        if (!stored.SequenceEqual(known))
            throw new Violation(NothingHalfMade, $"{host} has [{string.Join(", ", known)}], etcd has [{string.Join(", ", stored)}]");
        for (int key = 0; key < _sim.Scenario.KeyCount; key++)
        {
            bool competes = _sim.Etcd.Competes(Simulation.KeyName(key), host.Name);
            if (competes != (agent.Endpoint(key) != null))
                throw new Violation(NothingHalfMade, $"{host} {(competes ? "still competes" : "does not compete")} for k{key}");
        }
    }
}
