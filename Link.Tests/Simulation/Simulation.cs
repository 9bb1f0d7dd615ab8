using System.Globalization;
using System.Text;

namespace Link.Tests.Simulation;

/// <summary>
/// Agents, etcd, a LAN, kernels and clocks in one thread, from one seed. <see cref="Run"/> throws a <see cref="Violation"/> when an invariant does not hold.
/// A run: everybody starts, faults come and go, all faults stop, everything settles, and then nothing may happen.
/// </summary>
internal sealed class Simulation
{
    /// <summary>How much of the trace is kept: the last 400 lines, or as many as <c>LINK_SIM_TRACE</c> says.</summary>
    private static readonly int TraceLines = int.Parse(Environment.GetEnvironmentVariable("LINK_SIM_TRACE") ?? "400", CultureInfo.InvariantCulture);

    private const long WarmUpUs = 6_000_000;

    private readonly List<SimHost> _hosts = [];
    private readonly Queue<string>? _trace;
    private readonly bool[,] _competes;
    private readonly FaultInjector _faults;
    private ulong _hash = 14695981039346656037;

    public Simulation(ulong seed, Mutation mutation = Mutation.None, bool trace = false)
    {
        Scenario = new Scenario(seed);
        Mutation = mutation;
        _trace = trace ? new Queue<string>() : null;
        Tolerances = new Tolerances(Scenario);
        Random = Scenario.Draws.Fork();
        KeyBrokenUs = new long[Scenario.KeyCount];
        Etcd = new SimEtcd(this);
        Lan = new SimLan(this);
        Invariants = new Invariants(this);
        for (int i = 0; i < Scenario.HostCount; i++)
            _hosts.Add(new SimHost(this, i, $"h{i}", runsLink: i >= Scenario.HostCount - Scenario.LinkHosts));
        Twin = new SimHost(this, Scenario.HostCount, "h0", runsLink: false);
        Twin.PowerOff();
        _hosts.Add(Twin);
        _competes = Spread(Scenario.Draws.Fork());
        _faults = new FaultInjector(this);
    }

    public Scenario Scenario { get; }

    public Mutation Mutation { get; }

    public Tolerances Tolerances { get; }

    public EventQueue Queue { get; } = new();

    /// <summary>Draws of the run itself; the scenario and the models have their own.</summary>
    public SimRandom Random { get; }

    public SimEtcd Etcd { get; }

    public SimLan Lan { get; }

    public Invariants Invariants { get; }

    public IReadOnlyList<SimHost> Hosts => _hosts;

    /// <summary>A machine that somebody gave the first host's name.</summary>
    public SimHost Twin { get; }

    public int[] Happenings { get; } = new int[Enum.GetValues<Happening>().Length];

    public bool Tracing => _trace != null;

    /// <summary>Names are in doubt: another agent had one, or somebody wrote so.</summary>
    public bool NamesakesSeen => Happenings[(int)Happening.SecondAgent] + Happenings[(int)Happening.KeysForged] > 0;

    /// <summary>How much longer a start may take for that.</summary>
    public long NamesakeUs => NamesakesSeen ? Tolerances.NamesakeUs : 0;

    /// <summary>The start is over: everybody has had time to join.</summary>
    public bool Warm => Queue.NowUs > WarmUpUs;

    /// <summary>Faults under way that concern every host.</summary>
    public int Disturbances { get; set; }

    public long DisturbedUs { get; set; } = -1_000_000_000;

    public long LeasesBrokenUntilUs { get; set; } = -1;

    /// <summary>When a key was last disturbed by more than a command.</summary>
    public long[] KeyBrokenUs { get; }

    /// <summary>Messages are fast from now on, so that a slow one is not taken for unrest.</summary>
    public bool CalmsDown { get; private set; }

    public ulong Hash => _hash;

    public static string KeyName(int key) => key switch { 0 => "k0", 1 => "k1", 2 => "k2", 3 => "k3", _ => throw new ArgumentOutOfRangeException(nameof(key)) };

    /// <summary>Of an election key (<c>k2</c>) or an endpoint's id (<c>vip-2-...</c>).</summary>
    public static int KeyOf(string name) => (name[0] == 'k' ? name[1] : name[4]) - '0';

    public bool Competes(int machine, int key) => machine < Scenario.HostCount && _competes[machine, key];

    public void Run()
    {
        Start();
        long faultsEndUs = WarmUpUs + Scenario.FaultSeconds * 1_000_000L;
        _faults.Plan(WarmUpUs, faultsEndUs);
        Queue.RunUntil(faultsEndUs + 1);
        _faults.HealAll();
        if (Scenario.LinkHosts == 0)
            DisturbedUs = Queue.NowUs;
        long endUs = Queue.NowUs + Tolerances.SettleUs + NamesakeUs;
        Queue.RunUntil(endUs - Tolerances.RecoveryUs);
        CalmsDown = true;
        Queue.RunUntil(endUs);
        Invariants.CheckEnd();
        Invariants.AtRest = true;
        Queue.RunUntil(endUs + Tolerances.RestUs);
        Invariants.CheckEnd();
    }

    public void Count(Happening happening) => Happenings[(int)happening]++;

    public void Mix(int kind, int one, int two)
    {
        _hash = (_hash ^ (ulong)Queue.NowUs) * 1099511628211;
        _hash = (_hash ^ (ulong)(kind << 24 | one << 12 | two)) * 1099511628211;
    }

    public void Log(string line)
    {
        if (_trace == null)
            return;
        _trace.Enqueue($"{Queue.NowUs / 1e6,12:F6} {line}");
        if (_trace.Count > TraceLines)
            _trace.Dequeue();
    }

    /// <summary>The last events before now.</summary>
    public string Trace()
    {
        var text = new StringBuilder();
        text.AppendLine(Scenario.ToString());
        foreach (string line in _trace ?? [])
            text.AppendLine(line);
        return text.ToString();
    }

    private void Start()
    {
        foreach (SimHost host in _hosts)
        {
            if (host == Twin)
                continue;
            for (int key = 0; key < Scenario.KeyCount; key++)
            {
                if (!host.RunsLink && Competes(host.Index, key))
                    Etcd.AddRecord(host.Name, FaultInjector.Spec(this, host, key, 0));
            }

            Queue.At(Scenario.Draws.Between(0, 2_000_000), host.Start);
        }

        if (Scenario.Heartbeats)
            _ = new SimHeartbeats(this);
    }

    /// <summary>Which hosts compete for which keys: mostly all, and at least one of ours.</summary>
    private bool[,] Spread(SimRandom random)
    {
        var competes = new bool[Scenario.HostCount, Scenario.KeyCount];
        for (int key = 0; key < Scenario.KeyCount; key++)
        {
            for (int host = 0; host < Scenario.HostCount; host++)
                competes[host, key] = host == 0 || random.Chance(0.85);
        }

        return competes;
    }
}
