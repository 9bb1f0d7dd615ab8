namespace Link.Core.Election;

/// <summary>
/// Decides for one host which of its endpoints it has. Pure: no I/O, no clock, no task; the same class runs in the agent and in the simulation.
/// Inputs come with the time in milliseconds of a clock that never stops (CLOCK_BOOTTIME); effects are appended to the caller's list in order.
/// The rules are level-triggered: every input changes what is known, then <see cref="Reconcile"/> compares that with what should be.
/// </summary>
internal sealed partial class Elector
{
    private readonly ElectorOptions _options;
    private readonly Random _random;
    private readonly Dictionary<string, Endpoint> _byId = [];
    private readonly Dictionary<string, Endpoint> _byKey = [];
    private readonly Dictionary<long, Endpoint> _byToken = [];
    private readonly PriorityQueue<Endpoint, long> _timers = new();
    private long _nowMs;
    private long _wakeMs;
    private long _lastToken;
    private List<ElectorEffect> _effects = [];

    /// <param name="random">Jitter only; nothing about safety depends on it.</param>
    public Elector(ElectorOptions options, long nowMs, Random random)
    {
        _options = options;
        _random = random;
        _nowMs = nowMs;
        _lastAnswerMs = nowMs;
        _retryHostAtMs = nowMs;
        _wakeMs = nowMs;
        _auditAtMs = nowMs + Jitter(options.AuditIntervalMs);
    }

    /// <summary>When <see cref="Step"/> wants to be called with a <see cref="ElectorInput.Tick"/> at the latest.</summary>
    public long NextWakeMs => _wakeMs;

    public IReadOnlyDictionary<string, Endpoint> Endpoints => _byId;

    /// <summary>False until this host's records are loaded and its name is its own.</summary>
    public bool IsServing => _phase == Phase.Serving;

    public bool Drained => _drained;

    /// <summary>0: none.</summary>
    public long LeaseId => _leaseId;

    public Endpoint? FindByKey(string key) => _byKey.GetValueOrDefault(key);

    /// <summary>By lease and by name: with a lease that another host has too, its locks are not ours.</summary>
    public bool HasLock(Endpoint endpoint) =>
        endpoint is { LockKnown: true, Lock: { } held } && _leaseId != 0 && held.LeaseId == _leaseId && held.Holder == _options.Hostname;

    /// <summary>The lease that our lock carries: the host's, or the one that is being left.</summary>
    public long LeaseOf(Endpoint endpoint) => HasLockByFormerLease(endpoint) ? endpoint.FormerLeaseId : _leaseId;

    /// <summary>The lock is ours by the lease that we have just left, and is about to be carried over.</summary>
    private static bool HasLockByFormerLease(Endpoint endpoint) =>
        endpoint is { LockKnown: true, FormerLeaseId: not 0, Lock: { } held } && held.LeaseId == endpoint.FormerLeaseId && held.Revision == endpoint.FormerRevision;

    /// <summary>The lock is this host's by a lease that an earlier agent had for this endpoint alone.</summary>
    private static bool HasLockByOldLease(Endpoint endpoint) => endpoint is { LockKnown: true, Lock: { } held, Spec.OldLeaseId: not 0 } && held.LeaseId == endpoint.Spec.OldLeaseId;

    public void Step(long nowMs, ElectorInput input, List<ElectorEffect> effects)
    {
        _effects = effects;
        bool late = nowMs > _wakeMs + _options.PauseMs;
        _nowMs = Math.Max(_nowMs, nowMs);
        if (late)
            OnPause();
        Handle(input);
        if (late)
            ReconcileAll();
        AdvanceHost();
        AdvanceEndpoints();
        _wakeMs = Math.Max(_nowMs, Math.Min(HostWakeMs(), _timers.TryPeek(out _, out long due) ? due : long.MaxValue));
    }

    private void Handle(ElectorInput input)
    {
        switch (input)
        {
            case ElectorInput.Tick: break;
            case ElectorInput.HostLoaded i: OnHostLoaded(i); break;
            case ElectorInput.HostLoadFailed i: OnHostRequestFailed("cannot read this host's records", i.Reason); break;
            case ElectorInput.LeaseGranted i: OnLeaseGranted(i); break;
            case ElectorInput.LeaseGrantFailed i: OnHostRequestFailed("cannot get a lease", i.Reason); break;
            case ElectorInput.LeaseRenewed i: OnLeaseRenewed(i); break;
            case ElectorInput.LeaseGone i: OnLeaseGone(i); break;
            case ElectorInput.LeaseRenewalFailed i: OnLeaseRenewalFailed(i); break;
            case ElectorInput.HostWritten i: OnHostWritten(i); break;
            case ElectorInput.HostWriteFailed i: OnHostRequestFailed("cannot write this host's records", i.Reason); break;
            case ElectorInput.WatchStarted i: OnWatchStarted(i); break;
            case ElectorInput.LockPut i: OnLock(i.Key, i.Lock, i.Lock.Revision); break;
            case ElectorInput.LockDeleted i: OnLock(i.Key, null, i.Revision); break;
            case ElectorInput.CompetitorChanged i: OnCompetitorChanged(i); break;
            case ElectorInput.CompetitorsRead i: OnCompetitorsRead(i); break;
            case ElectorInput.AgentKeyChanged i: OnAgentKeyChanged(i); break;
            case ElectorInput.NamesakeAnswered i: OnNamesakeAnswered(i); break;
            case ElectorInput.NamesakeSilent i: OnNamesakeSilent(i.Instance); break;
            case ElectorInput.Transacted i: OnTransacted(i); break;
            case ElectorInput.TransactionFailed i: OnTransactionFailed(i); break;
            case ElectorInput.LanAnswered i: OnLanVerdict(i.EndpointId, silent: false); break;
            case ElectorInput.LanSilent i: OnLanVerdict(i.EndpointId, silent: true); break;
            case ElectorInput.LanUnknown i: OnLanVerdict(i.EndpointId, silent: false); break;
            case ElectorInput.RivalHeard i: OnRivalHeard(i); break;
            case ElectorInput.HealthChanged i: OnHealthChanged(i); break;
            case ElectorInput.OutputChanged i: OnOutputChanged(i); break;
            case ElectorInput.PeerAlive i: OnPeerAlive(i.Host); break;
            case ElectorInput.PeerDead i: OnPeerDead(i.Host); break;
            case ElectorInput.AddEndpoint i: OnAddEndpoint(i); break;
            case ElectorInput.RemoveEndpoint i: OnRemoveEndpoint(i); break;
            case ElectorInput.Failover i: OnFailover(i); break;
            case ElectorInput.TryLock i: OnTryLock(i); break;
            case ElectorInput.Drain i: OnDrain(i); break;
            case ElectorInput.Undrain i: OnUndrain(i); break;
            default: throw new ArgumentOutOfRangeException(nameof(input), input.GetType().Name, null);
        }
    }

    private void OnHealthChanged(ElectorInput.HealthChanged input)
    {
        if (!_byId.TryGetValue(input.EndpointId, out Endpoint? endpoint))
            return;
        endpoint.HealthFault = input.Healthy ? null : input.Reason ?? "a health check failed";
        Reconcile(endpoint);
    }

    private void OnOutputChanged(ElectorInput.OutputChanged input)
    {
        if (!_byId.TryGetValue(input.EndpointId, out Endpoint? endpoint))
            return;
        if (!input.Usable || endpoint.OutputFault != null)
            endpoint.OutputFaultAtMs = _nowMs;
        endpoint.OutputFault = input.Usable ? null : input.Reason ?? "the output cannot work";
        Reconcile(endpoint);
    }

    /// <summary>Applies an event to the state machine; entering a state switches the output.</summary>
    private void Transition(Endpoint endpoint, EndpointEvent happened, string reason)
    {
        EndpointState from = endpoint.State;
        EndpointState to = StateMachine.Next(from, happened);
        if (to == from)
            return;
        endpoint.State = to;
        Emit(new ElectorEffect.StateChanged(endpoint.Id, from, to, reason));
        if (to == EndpointState.Activated)
        {
            endpoint.Asking = false;
            endpoint.AskAtMs = long.MaxValue;
            int? lifetime = NewLifetime(endpoint, LifetimeSeconds(endpoint));
            Emit(new ElectorEffect.Activate(endpoint.Id, lifetime, HasLock(endpoint) ? endpoint.Lock!.Value.Revision : 0));
        }
        else
        {
            endpoint.ClaimedOnLan = false;
            endpoint.LetGoAtMs = long.MaxValue;
            Emit(new ElectorEffect.Deactivate(endpoint.Id));
        }
    }

    private void Emit(ElectorEffect effect) => _effects.Add(effect);

    private void Notice(NoticeLevel level, Endpoint? endpoint, string text) => Emit(new ElectorEffect.Notice(level, endpoint?.Id, text));

    private void Answer(long commandId, AnswerStatus status, string? reason = null)
    {
        if (commandId != 0)
            Emit(new ElectorEffect.Answer(commandId, status, reason));
    }

    /// <summary>75 to 125 % of a period, so that hosts that started together do not act together.</summary>
    private long Jitter(long periodMs) => periodMs * 3 / 4 + (long)(_random.NextDouble() * periodMs / 2);

    /// <summary>Reconciles the endpoint again at a time, not before the next millisecond.</summary>
    private void WakeEndpointAt(Endpoint endpoint, long timeMs)
    {
        timeMs = Math.Max(timeMs, _nowMs + 1);
        if (timeMs >= endpoint.QueuedMs || endpoint.Gone)
            return;
        endpoint.QueuedMs = timeMs;
        _timers.Enqueue(endpoint, timeMs);
    }

    private void ReconcileAll()
    {
        foreach (Endpoint endpoint in _byId.Values)
            Reconcile(endpoint);
    }

    private void AdvanceEndpoints()
    {
        while (_timers.TryPeek(out Endpoint? endpoint, out long due) && due <= _nowMs)
        {
            _timers.Dequeue();
            if (endpoint.Gone || due != endpoint.QueuedMs)
                continue;
            endpoint.QueuedMs = long.MaxValue;
            Reconcile(endpoint);
        }
    }
}
