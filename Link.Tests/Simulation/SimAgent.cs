using Link.Core.Election;

namespace Link.Tests.Simulation;

/// <summary>
/// One process of our agent: an <see cref="Elector"/> and the shell around it, as the architecture describes the shell.
/// A paused process gets its inputs when it goes on; a dead one gets nothing.
/// </summary>
internal sealed partial class SimAgent
{
    private const int AnnounceRounds = 3;
    private const long EnsureUs = 1_000_000;
    private const long SlowRefreshUs = 8_000_000;
    private const long RivalCoalesceUs = 100_000;

    /// <summary>More ticks in a row than this that change nothing and want another at once are a busy loop.</summary>
    private const int IdleTicks = 20;

    private readonly Simulation _sim;
    private readonly SimRandom _random;
    private readonly Elector _elector;
    private readonly Queue<ElectorInput> _inbox = new();
    private readonly Dictionary<string, Output> _outputs = [];
    private readonly Dictionary<string, long> _inFlight = [];
    private readonly List<ElectorEffect> _effects = [];
    private readonly long[] _rivalUs;
    private bool _dead;
    private bool _loaded;
    private bool _swept;
    private long _tickUs = long.MaxValue;
    private int _idleTicks;

    public SimAgent(Simulation sim, SimHost host, string instance, int seed)
    {
        _sim = sim;
        Host = host;
        Instance = instance;
        _random = sim.Random.Fork();
        _rivalUs = new long[sim.Scenario.KeyCount];
        _elector = new Elector(sim.Scenario.Options with { Hostname = host.Name, Instance = instance }, NowMs, new Random(seed));
    }

    public SimHost Host { get; }

    public string Instance { get; }

    public Elector Elector => _elector;

    public bool IsPaused { get; private set; }

    public bool IsServing => !_dead && _elector.IsServing;

    /// <summary>Since when it serves; far in the future when it does not.</summary>
    public long ServingSinceUs { get; private set; } = long.MaxValue;

    public long ResumedUs { get; private set; } = -1_000_000_000;

    private long NowMs => Host.Clock.NowMs(_sim.Queue.NowUs);

    private long RequestUs => Math.Max(500_000, Math.Min(1_000_000, _sim.Scenario.IntervalMs * 1_000L));

    private long RenewalUs => Math.Min(1_000_000, _sim.Scenario.IntervalMs * 500L);

    public Endpoint? Endpoint(int key) => _elector.FindByKey(Simulation.KeyName(key));

    public void Start()
    {
        Host.Etcd.Watch(Host.Name, Receive);
        ScheduleTick();
    }

    public void Die()
    {
        _dead = true;
        ServingSinceUs = long.MaxValue;
    }

    public void Pause() => IsPaused = true;

    public void Resume()
    {
        if (!IsPaused || _dead)
            return;
        IsPaused = false;
        ResumedUs = _sim.Queue.NowUs;
        _tickUs = long.MaxValue;
        if (_random.Chance(0.5))
            Step(ElectorInput.Tick.Instance);
        while (_inbox.TryDequeue(out ElectorInput? input) && !_dead)
            Step(input);
        foreach (Output output in _outputs.Values)
            RestoreLater(output);
        if (!_dead)
            ScheduleTick();
    }

    public void Receive(ElectorInput input)
    {
        if (_dead)
            return;
        if (IsPaused)
            _inbox.Enqueue(input);
        else
            Step(input);
    }

    public void OnHealth(int key)
    {
        if (Endpoint(key) is { } endpoint)
            Receive(new ElectorInput.HealthChanged(endpoint.Id, Host.IsHealthy(key), Host.IsHealthy(key) ? null : "check failed"));
    }

    public void OnCarrier()
    {
        foreach (Endpoint endpoint in _elector.Endpoints.Values.ToArray())
            Receive(new ElectorInput.OutputChanged(endpoint.Id, Host.HasCarrier, Host.HasCarrier ? null : "no carrier"));
        if (!Host.HasCarrier || IsPaused)
            return;
        foreach (Output output in _outputs.Values)
            Announce(output);
    }

    /// <summary>Another machine announced an address; it is a rival's if we have it.</summary>
    public void OnAnnouncement(int key, SimHost from)
    {
        if (_dead || !Host.Kernel.Has(key) || Endpoint(key) is not { } endpoint || _sim.Queue.NowUs < _rivalUs[key] + RivalCoalesceUs)
            return;
        _rivalUs[key] = _sim.Queue.NowUs;
        if (_sim.Mutation == Mutation.DeafToRivals)
            return;
        _sim.Count(Happening.RivalHeard);
        Receive(new ElectorInput.RivalHeard(endpoint.Id, from.ToString()));
    }

    /// <summary>Somebody removed an address that is ours: it is put back unless its time is over.</summary>
    public void OnForeignRemoval(int key)
    {
        foreach (Output output in _outputs.Values)
        {
            if (output.Key == key)
                RestoreLater(output);
        }
    }

    private void RestoreLater(Output output) => _sim.Queue.After(_random.Between(200, 5_000), () =>
    {
        if (_dead || IsPaused || !_outputs.ContainsValue(output) || Host.Kernel.Has(output.Key))
            return;
        Host.Kernel.Restore(output.Key);
        Announce(output);
    });

    // ---- time ------------------------------------------------------------------------------------

    private void ScheduleTick()
    {
        long wakeUs = Host.Clock.TrueUs(_elector.NextWakeMs);
        if (wakeUs >= _tickUs)
            return;
        _tickUs = wakeUs;
        long lateUs = _sim.Mutation == Mutation.LateTimers ? 3_000_000 : _random.Between(0, 1_500);
        _sim.Queue.At(wakeUs + lateUs, () => Tick(wakeUs));
    }

    private void Tick(long wakeUs)
    {
        if (_dead || IsPaused || _tickUs != wakeUs)
            return;
        _tickUs = long.MaxValue;
        if (NowMs >= _elector.NextWakeMs)
            Step(ElectorInput.Tick.Instance);
        else
            ScheduleTick();
    }

    private void Step(ElectorInput input)
    {
        if (_sim.Mutation != Mutation.None && Mutated(input) is { } other)
            input = other;
        _sim.Invariants.OnInput(this, input);
        ForgetTransaction(input);
        long nowMs = NowMs;
        if (nowMs > _elector.NextWakeMs + _sim.Scenario.Options.PauseMs)
            _sim.Count(Happening.PauseNoticed);
        _effects.Clear();
        bool served = _elector.IsServing;
        long leaseBefore = _elector.LeaseId;
        _elector.Step(nowMs, input, _effects);
        if (served && !_elector.IsServing)
            throw new Violation(Invariants.GoesOn, $"{Host} serves no more after {input}");
        if (_elector.LeaseId != leaseBefore && leaseBefore != 0 && _elector.LeaseId != 0)
            _sim.Count(Happening.LeaseLeft);
        if (_elector.LeaseId != 0 && _elector.IsServing)
            Host.NotedLease = _elector.LeaseId;
        if (input is ElectorInput.Tick && _effects.Count == 0 && _elector.NextWakeMs <= nowMs + 1)
        {
            if (++_idleTicks > IdleTicks)
                throw new Violation(Invariants.NoBusyLoop, $"{Host} wants to be woken at {_elector.NextWakeMs} again and again");
        }
        else
        {
            _idleTicks = 0;
        }

        if (IsServing && ServingSinceUs == long.MaxValue)
        {
            ServingSinceUs = _sim.Queue.NowUs;
            _sim.Invariants.OnServing(this);
        }

        for (int i = 0; i < _effects.Count; i++)
            Apply(_effects[i]);
        if (input is ElectorInput.HostLoaded)
        {
            _loaded = true;
            TellFaults();
        }

        if (IsServing && !_swept)
        {
            _swept = true;
            RemoveLeftOvers();
        }

        if (_sim.Mutation != Mutation.None)
            Disobey(input);

        if (!_dead)
            ScheduleTick();
    }

    private void ForgetTransaction(ElectorInput input)
    {
        long token = input switch
        {
            ElectorInput.Transacted transacted => transacted.Token,
            ElectorInput.TransactionFailed failed => failed.Token,
            _ => 0,
        };
        if (token == 0)
            return;
        foreach ((string id, long under) in _inFlight)
        {
            if (under != token)
                continue;
            _inFlight.Remove(id);
            return;
        }
    }

    private ElectorInput? Mutated(ElectorInput input) => (_sim.Mutation, input) switch
    {
        (Mutation.LeaseGoneIgnored, ElectorInput.LeaseGone gone) => new ElectorInput.LeaseRenewalFailed(gone.LeaseId, "mutated"),
        (Mutation.BlindToLocks, ElectorInput.LockPut or ElectorInput.LockDeleted) => ElectorInput.Tick.Instance,
        (Mutation.SharesLease, ElectorInput.HostLoaded loaded) => loaded with { OtherIsGone = true },
        (Mutation.SharesLease, ElectorInput.AgentKeyChanged changed) => changed with { LeaseId = 0 },
        (Mutation.AnswersUnheard, ElectorInput.NamesakeAnswered answered) => new ElectorInput.NamesakeSilent(answered.Instance),
        (Mutation.RenewalsUnheard, ElectorInput.LeaseRenewed renewed) => new ElectorInput.LeaseRenewalFailed(renewed.LeaseId, "mutated"),
        _ => null,
    };

    /// <summary>What an agent does of its own that believes what is written in its key.</summary>
    private void Disobey(ElectorInput input)
    {
        if (_dead || !_elector.IsServing || input is not ElectorInput.AgentKeyChanged { Instance: { } other } || other == Instance)
            return;
        if (_sim.Mutation == Mutation.WritesBackAtOnce)
            Write(new ElectorEffect.WriteHost(_elector.LeaseId, Drained: false));
        if (_sim.Mutation != Mutation.ObeysKeys)
            return;
        foreach (string id in _outputs.Keys.ToArray())
            Deactivate(id);
        Die();
        Host.OnAgentStopped();
    }

    /// <summary>Addresses that an earlier process left, of endpoints that are no more.</summary>
    private void RemoveLeftOvers()
    {
        for (int key = 0; key < _sim.Scenario.KeyCount; key++)
        {
            if (Endpoint(key) == null)
                Host.Kernel.Remove(key);
        }
    }

    /// <summary>What a shell finds out by itself before it lets the Elector act.</summary>
    private void TellFaults()
    {
        for (int key = 0; key < _sim.Scenario.KeyCount; key++)
        {
            if (!Host.IsHealthy(key))
                OnHealth(key);
        }

        if (!Host.HasCarrier)
            OnCarrier();
    }

    private sealed class Output(int key)
    {
        public int Key { get; } = key;

        public bool Silent { get; set; }

        public int Rounds { get; set; } = AnnounceRounds;
    }
}
