using Link.Core.Election;

namespace Link.Tests.Simulation;

/// <summary>
/// etcd as its clients see it: revisions, leases on its own clock, and what LinK stores. One cluster; members are not told apart.
/// A lease ends at its TTL or up to half a second later, and a new leader starts every lease anew (lessor.Promote).
/// </summary>
internal sealed partial class SimEtcd
{
    private const long ExpiryCheckUs = 500_000;

    private readonly Simulation _sim;
    private readonly SortedDictionary<long, Lease> _leases = [];
    private readonly SortedDictionary<string, LockCell> _locks = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, HostCell> _hosts = new(StringComparer.Ordinal);
    private readonly List<SimEtcdClient> _clients = [];
    private long _lastLease;

    public SimEtcd(Simulation sim)
    {
        _sim = sim;
        sim.Queue.After(ExpiryCheckUs, CheckLeases);
    }

    /// <summary>True when a member with a leader answers.</summary>
    public bool Up { get; private set; } = true;

    public long Revision { get; private set; } = 1;

    /// <summary>Counts the histories: a wipe starts another.</summary>
    public int Generation { get; private set; }

    /// <summary>How often leases were started anew.</summary>
    public int LeaderChanges { get; private set; }

    /// <summary>Every change of this history that an agent may watch. <c>Host</c> is set where only that host watches it.</summary>
    public List<(string? Host, ElectorInput News)> History { get; } = [];

    public void Connect(SimEtcdClient client) => _clients.Add(client);

    public void Stop()
    {
        Up = false;
        foreach (SimEtcdClient client in _clients)
            client.OnEtcdStopped();
    }

    public void Start(bool wiped)
    {
        Up = true;
        LeaderChanges++;
        if (wiped)
        {
            Generation++;
            _leases.Clear();
            _locks.Clear();
            History.Clear();
            Revision = 1;
            foreach (HostCell host in _hosts.Values)
                host.Wipe();
        }

        foreach (Lease lease in _leases.Values)
            lease.ExpiresUs = _sim.Queue.NowUs + lease.TtlUs;
        foreach (SimEtcdClient client in _clients)
            client.OnEtcdStarted();
    }

    // ---- leases ----------------------------------------------------------------------------------

    public (long LeaseId, int TtlSeconds) Grant(int ttlSeconds)
    {
        var lease = new Lease { TtlUs = Math.Max(_sim.Scenario.TtlSeconds, ttlSeconds) * 1_000_000L };
        lease.ExpiresUs = _sim.Queue.NowUs + lease.TtlUs;
        _leases[++_lastLease] = lease;
        return (_lastLease, (int)(lease.TtlUs / 1_000_000));
    }

    /// <summary>Seconds; 0: the lease is gone.</summary>
    public int KeepAlive(long leaseId)
    {
        if (!_leases.TryGetValue(leaseId, out Lease? lease))
            return 0;
        lease.ExpiresUs = _sim.Queue.NowUs + lease.TtlUs;
        return (int)(lease.TtlUs / 1_000_000);
    }

    public void Revoke(long leaseId)
    {
        if (!_leases.Remove(leaseId))
            return;
        Revision++;
        foreach ((string key, LockCell cell) in _locks)
        {
            if (cell.Lock?.LeaseId == leaseId)
                DeleteLock(key, cell);
        }

        foreach ((string name, HostCell host) in _hosts)
        {
            if (host.Instance == null || host.InstanceLease != leaseId)
                continue;
            host.Instance = null;
            Tell(name, new ElectorInput.AgentKeyChanged(null, Revision));
        }
    }

    public bool HasLease(long leaseId) => _leases.ContainsKey(leaseId);

    public void AddRecord(string host, EndpointSpec spec) => Cell(host).Records.Add(spec);

    private void CheckLeases()
    {
        _sim.Queue.After(ExpiryCheckUs, CheckLeases);
        if (!Up)
            return;
        foreach (long id in _leases.Where(lease => lease.Value.ExpiresUs <= _sim.Queue.NowUs).Select(lease => lease.Key).ToArray())
        {
            _sim.Log($"etcd: lease {id} expired");
            Revoke(id);
        }
    }

    // ---- cells -----------------------------------------------------------------------------------

    public LockView? Lock(string key) => _locks.TryGetValue(key, out LockCell? cell) ? cell.Lock : null;

    public ElectorInput.CompetitorsRead ReadCompetitors(string key) => new(key, _locks.TryGetValue(key, out LockCell? cell) ? [.. cell.Competitors] : [], Revision);

    public bool Competes(string key, string host) => _locks.TryGetValue(key, out LockCell? cell) && cell.Competitors.Contains(host);

    public HostCell Cell(string host)
    {
        if (!_hosts.TryGetValue(host, out HostCell? cell))
            _hosts[host] = cell = new HostCell();
        return cell;
    }

    private LockCell LockOf(string key)
    {
        if (!_locks.TryGetValue(key, out LockCell? cell))
            _locks[key] = cell = new LockCell();
        return cell;
    }

    /// <summary>What somebody writes by hand into a host's agent key; null deletes it.</summary>
    public void ForgeAgentKey(string host, string? instance, long lease, string? reach, bool saysStopped)
    {
        HostCell cell = Cell(host);
        Revision++;
        (cell.Instance, cell.InstanceLease, cell.Reach, cell.SaysStopped) = (instance, lease, reach, saysStopped);
        cell.IsForged = true;
        Tell(host, new ElectorInput.AgentKeyChanged(instance, Revision, lease, reach, saysStopped));
    }

    /// <summary>Somebody deletes a host's <c>/link/ips</c> key by hand.</summary>
    public void ForgeAbsence(string key, string host)
    {
        if (!LockOf(key).Competitors.Remove(host))
            return;
        Revision++;
        Tell(null, new ElectorInput.CompetitorChanged(key, host, Present: false, Revision));
    }

    private void Tell(string? host, ElectorInput news)
    {
        History.Add((host, news));
        foreach (SimEtcdClient client in _clients)
            client.OnNews();
    }

    internal sealed class HostCell
    {
        public long? LeaseId { get; set; }

        public bool Drained { get; set; }

        public string? Instance { get; set; }

        public long InstanceLease { get; set; }

        /// <summary>Which machine to ask for the instance; null: none.</summary>
        public string? Reach { get; set; }

        /// <summary>Somebody wrote the key by hand.</summary>
        public bool IsForged { get; set; }

        /// <summary>The key says that its process has ended.</summary>
        public bool SaysStopped { get; set; }

        public List<EndpointSpec> Records { get; } = [];

        public void Wipe()
        {
            LeaseId = null;
            Instance = null;
            Drained = false;
            Records.Clear();
        }
    }

    private sealed class Lease
    {
        public long TtlUs { get; init; }

        public long ExpiresUs { get; set; }
    }

    private sealed class LockCell
    {
        public LockView? Lock { get; set; }

        public SortedSet<string> Competitors { get; } = new(StringComparer.Ordinal);
    }
}
