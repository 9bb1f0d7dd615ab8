using Link.Core.Election;

namespace Link.Tests.Simulation;

/// <summary>What must hold in every run. Some are checked at each change, those that bound a duration by a sampler.</summary>
internal sealed partial class Invariants
{
    public const string TwoHolders = "two holders while both reach etcd";
    public const string TwoOnLan = "two holders that hear each other";
    public const string AtMostOne = "two holders with release";
    public const string KeptAlive = "the kernel removes no address of an agent that runs";
    public const string Nobody = "nobody holds though a host could";
    public const string MakeBeforeBreak = "a planned move left a gap";
    public const string NoMoveWithoutCause = "a move without a cause";
    public const string OneHolderAtEnd = "one holder after faults stop";
    public const string OneView = "everybody's view agrees after faults stop";
    public const string ClientFollows = "the client's cache points at the holder";
    public const string ForeignAddress = "an address of others was removed";
    public const string Answers = "every command is answered once, in time";
    public const string Alternation = "activate and deactivate alternate";
    public const string OneTransaction = "one transaction at a time per endpoint";
    public const string NoBusyLoop = "no busy loop";
    public const string QuietAtRest = "nothing but renewals at rest";
    public const string GoesOn = "an agent that serves goes on whatever is written";
    public const string NamesakeRespected = "a newcomer that its namesake answers does not serve";
    public const string NoWriteWar = "keys are not written back without end";
    public const string Starts = "an agent that reaches etcd serves";
    public const string NothingHalfMade = "nothing half made";

    private const long SampleUs = 50_000;
    private const long NotSince = long.MaxValue;

    private readonly Simulation _sim;
    private readonly long[] _overlapUs;
    private readonly long[] _lanOverlapUs;
    private readonly bool[] _linkLate;
    private readonly long[] _noneUs;
    private readonly long[] _noneClaimUs;
    private readonly int[] _leaderChanges;
    private readonly int[] _lastHolder;
    private readonly long[] _vacantUs;
    private readonly long[] _startUs;
    private readonly Dictionary<long, Command> _commands = [];
    private readonly Dictionary<SimAgent, long> _answeredUs = [];
    private readonly Dictionary<SimAgent, Queue<long>> _hostWrites = [];
    private long _lastCommand;

    public Invariants(Simulation sim)
    {
        _sim = sim;
        int machines = sim.Scenario.HostCount + 1;
        int keys = sim.Scenario.KeyCount;
        _overlapUs = new long[machines * machines * keys];
        _linkLate = new bool[machines * machines * keys];
        _lanOverlapUs = new long[machines * machines * keys];
        Array.Fill(_lanOverlapUs, NotSince);
        _noneUs = new long[machines * keys];
        _noneClaimUs = new long[machines * keys];
        _leaderChanges = new int[machines * keys];
        _lastHolder = [.. Enumerable.Repeat(-1, keys)];
        _vacantUs = new long[keys];
        _startUs = new long[machines];
        Array.Fill(_overlapUs, NotSince);
        Array.Fill(_noneUs, NotSince);
        Array.Fill(_noneClaimUs, NotSince);
        Array.Fill(_startUs, NotSince);
        sim.Queue.After(SampleUs, Sample);
    }

    /// <summary>The longest that each bounded condition lasted, to see how tight the bounds are.</summary>
    public Dictionary<string, double> Longest { get; } = [];

    /// <summary>True from the time at which nothing but renewals may happen.</summary>
    public bool AtRest { get; set; }

    private long NowUs => _sim.Queue.NowUs;

    private Tolerances Tolerances => _sim.Tolerances;

    // ---- addresses -------------------------------------------------------------------------------

    /// <summary>The kernel of <paramref name="host"/> got or lost the address.</summary>
    /// <param name="isNew">False: it was removed by hand and is put back.</param>
    public void OnAddress(SimHost host, int key, bool has, bool isNew)
    {
        _sim.Mix(1, host.Index * 16 + key, has ? 1 : 0);
        _sim.Log($"{host}: k{key} {(has ? "ADDED" : "removed")}");
        if (has)
        {
            CheckAtMostOne(host, key);
            if (isNew)
                CheckCause(host, key);
        }
        else
        {
            if (_lastHolder[key] == host.Index)
                _vacantUs[key] = NowUs;
            CheckGap(host, key);
        }
    }

    /// <summary>
    /// The dead man's switch is for the dead: claim and hold prolong what they keep, with or without etcd. (With release a lifetime is whole
    /// seconds short of the lease, and a late renewal may let it end.)
    /// </summary>
    public void OnExpiry(SimHost host, int key)
    {
        if (_sim.Scenario.Policy(host.Index % _sim.Scenario.HostCount, key) == EtcdLossPolicy.Release || !host.IsAwake)
            return;
        bool ran = host.Agent is { IsServing: true } agent && NowUs - Math.Max(agent.ServingSinceUs, agent.ResumedUs) > Tolerances.RecoveryUs;
        if (ran && NowUs - host.ThawedUs > Tolerances.RecoveryUs && host.Agent!.Endpoint(key) is { State: EndpointState.Activated })
            throw new Violation(KeptAlive, $"{host} lost k{key}");
    }

    private void CheckAtMostOne(SimHost host, int key)
    {
        foreach (SimHost other in _sim.Hosts)
        {
            if (other == host || !other.Kernel.Has(key))
                continue;
            _sim.Count(Happening.TwoHoldersAllowed);
            if (_sim.Scenario.AtMostOne(key) && !LeaseWasBroken && RanOf(host) && RanOf(other) && !MayShareALease(host, other))
                throw new Violation(AtMostOne, $"{host} got k{key} while {other} has it");
        }
    }

    /// <summary>Somebody took leases away before their time: a wipe, a revocation. No client can hold a promise then.</summary>
    private bool LeaseWasBroken => NowUs < _sim.LeasesBrokenUntilUs;

    /// <summary>The kernel's timers ran all the time, so that its lifetimes can be relied upon.</summary>
    private bool RanOf(SimHost host) => !host.IsFrozen && NowUs - host.ThawedUs > Tolerances.TtlUs + Tolerances.RecoveryUs;

    private void CheckGap(SimHost host, int key)
    {
        if (_sim.Scenario.Kind != ScenarioKind.Mild || _sim.Scenario.SlowChance > 0 || AtRest || !_sim.Warm)
            return;
        if (NowUs - _sim.KeyBrokenUs[key] < 5_000_000 || _sim.Scenario.Policy(host.Index, key) == EtcdLossPolicy.Release)
            return;
        if (_sim.Hosts.Any(other => Holds(other, key)) || !_sim.Hosts.Any(other => other != host && CouldHold(other, key)))
            return;
        throw new Violation(MakeBeforeBreak, $"{host} let k{key} go before anybody had it");
    }

    private static bool Holds(SimHost host, int key) => host.IsOnLan && host.Kernel.Has(key);

    /// <summary>The agent runs, serves, reaches etcd, and has had the time to act on what it knows.</summary>
    private bool IsClear(SimHost host)
    {
        long recovery = Tolerances.RecoveryUs;
        if (!host.IsAwake || !host.Etcd.IsClear || NowUs - host.ThawedUs < recovery || LeaseWasBroken)
            return false;
        return host.LinkAgent is { } link && NowUs - link.StartedUs > recovery + Tolerances.IntervalUs
            || host.Agent is { IsServing: true } agent && NowUs - agent.ServingSinceUs > recovery && NowUs - agent.ResumedUs > recovery;
    }

    /// <summary>One of our agents, which nothing keeps from holding the key but etcd's word.</summary>
    private bool CouldHold(SimHost host, int key) =>
        host.IsOnLan && host.IsAwake && host.IsHealthy(key)
        && host.Agent is { IsServing: true } agent && !agent.Elector.Drained && agent.Endpoint(key) is { Removing: false, Creating: false };

    private bool OwnsLock(SimHost host, int key) =>
        _sim.Etcd.Lock(Simulation.KeyName(key)) is { } held
        && (host.RunsLink ? held.LeaseId == _sim.Etcd.Cell(host.Name).LeaseId : held.LeaseId == host.Agent?.Elector.LeaseId);

    /// <summary>Until they find out: what is written by hand may make a newcomer believe that its namesake is gone.</summary>
    private bool MayShareALease(SimHost one, SimHost other) => one.Name == other.Name && _sim.Happenings[(int)Happening.KeysForged] > 0;

    private void Longer(string what, long lastedUs, long boundUs)
    {
        double part = (double)lastedUs / boundUs;
        if (!Longest.TryGetValue(what, out double most) || part > most)
            Longest[what] = part;
    }

    private sealed record Command(SimAgent Agent, long DeadlineUs, ElectorInput Input);
}
