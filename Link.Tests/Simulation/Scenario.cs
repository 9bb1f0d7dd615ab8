using Link.Core.Election;

namespace Link.Tests.Simulation;

/// <summary>What one seed sets up. Everything follows from the seed.</summary>
internal sealed class Scenario
{
    /// <summary>etcd's own floor for a lease, with its default election timeout.</summary>
    private const int LeastTtlSeconds = 2;

    public Scenario(ulong seed)
    {
        Seed = seed;
        var random = new SimRandom(seed * 0x9E3779B97F4A7C15 + 0x51);
        HostCount = random.Pick(2, 2, 3, 3, 4, 5);
        KeyCount = random.Pick(1, 1, 2, 3, 4);
        IntervalMs = random.Pick(300, 500, 500, 1_000, 1_000, 3_000);
        LinkHosts = random.Chance(0.2) ? random.Pick(1, 1, 2) : 0;
        LinkHosts = Math.Min(LinkHosts, HostCount - 1);
        Heartbeats = random.Chance(0.5);
        SlowChance = random.Pick(0.0, 0.0, 0.01, 0.05);
        RefusalChance = random.Pick(0.0, 0.5, 1.0);
        KnowsPredecessor = random.Chance(0.7);
        AuditIntervalMs = random.Chance(0.2) ? 20_000 : 300_000;
        Mode = random.Pick(PolicyMode.Claim, PolicyMode.Claim, PolicyMode.Release, PolicyMode.Hold, PolicyMode.PerKey, PolicyMode.PerHost);
        Kind = random.Chance(0.2) ? ScenarioKind.Mild : random.Chance(0.15) ? ScenarioKind.OneFault : ScenarioKind.Rough;
        FaultSeconds = (int)random.Between(20, 50);
        Faults = Kind switch
        {
            ScenarioKind.OneFault => 1,
            ScenarioKind.Mild => (int)random.Between(2, 12),
            _ => (int)random.Between(2, 24),
        };
        Draws = random.Fork();
        NamesakesCanAsk = random.Chance(0.5);
        KeepsLease = random.Chance(0.6);
        Options = new ElectorOptions { Hostname = "", Instance = "", KeepAliveIntervalMs = IntervalMs, AuditIntervalMs = AuditIntervalMs };
    }

    public ulong Seed { get; }

    public int HostCount { get; }

    public int KeyCount { get; }

    public int IntervalMs { get; }

    /// <summary>How many of the hosts run LinK's own agent.</summary>
    public int LinkHosts { get; }

    public bool Heartbeats { get; }

    /// <summary>Probability of a message to or from etcd that takes 10 to 500 ms.</summary>
    public double SlowChance { get; }

    /// <summary>Probability that a dead connection is known at once; otherwise a request runs into its deadline.</summary>
    public double RefusalChance { get; }

    /// <summary>A restarted agent knows that the process before it has ended.</summary>
    public bool KnowsPredecessor { get; }

    /// <summary>Two agents with one name reach each other over the network; else a firewall is between them.</summary>
    public bool NamesakesCanAsk { get; }

    /// <summary>A restarted agent knows from its own machine which lease the last one had.</summary>
    public bool KeepsLease { get; }

    public long AuditIntervalMs { get; }

    public PolicyMode Mode { get; }

    public ScenarioKind Kind { get; }

    public int FaultSeconds { get; }

    public int Faults { get; }

    public SimRandom Draws { get; }

    /// <summary>The constants of every Elector of the run, but for its names.</summary>
    public ElectorOptions Options { get; }

    public int TtlSeconds => Math.Max(LeastTtlSeconds, Options.LeaseTtlSeconds);

    public EtcdLossPolicy Policy(int host, int key) => Mode switch
    {
        PolicyMode.Release => EtcdLossPolicy.Release,
        PolicyMode.Hold => EtcdLossPolicy.Hold,
        PolicyMode.PerKey => (EtcdLossPolicy)((Seed + (ulong)key) % 3),
        PolicyMode.PerHost => (EtcdLossPolicy)((Seed + (ulong)key + (ulong)host) % 3),
        _ => EtcdLossPolicy.Claim,
    };

    /// <summary>Every host of the key lets go before its lease can expire.</summary>
    public bool AtMostOne(int key) => LinkHosts == 0 && Enumerable.Range(0, HostCount).All(host => Policy(host, key) == EtcdLossPolicy.Release);

    public override string ToString() =>
        $"seed={Seed} kind={Kind} hosts={HostCount} link_hosts={LinkHosts} keys={KeyCount} interval={IntervalMs}ms ttl={TtlSeconds}s policies={Mode} " +
        $"heartbeats={Heartbeats} slow={SlowChance} refused={RefusalChance} knows_predecessor={KnowsPredecessor} keeps_lease={KeepsLease} namesakes_ask={NamesakesCanAsk} audit={AuditIntervalMs}ms faults={Faults} in {FaultSeconds}s";
}
