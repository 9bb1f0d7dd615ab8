using System.Net;
using System.Text;
using Link.Tests.Support;

namespace Link.Tests.Bed;

/// <summary>
/// Hosts, etcd members and a client as network namespaces on one bridge. Nothing is attached to the machine's own network.
/// <code>
///   {prefix}-br   bridge br0; one port per namespace below
///   {prefix}-hN   host N: eth0 10.77.0.(10+N)/24, fd00:77::(10+N)/64, 02:77:00:00:00:(10+N)
///   {prefix}-eN   etcd member N: eth0 10.77.0.(1+N)/24
///   {prefix}-cl   client: eth0 10.77.0.100/24; its neighbour entries never age, so that only an announcement moves an address for it
/// </code>
/// Faults are in TestBed.Faults.cs, what a test does with agents in TestBed.Agents.cs.
/// </summary>
internal sealed partial class TestBed : IAsyncDisposable
{
    private const int ClientNumber = 100;

    private static readonly MacAddress ClientMac = new(0x0277_0000_0264);
    private static int _count;

    private readonly BedOptions _options;
    private readonly string _prefix;
    private readonly string _etcdFolder;
    private bool _disposed;

    private TestBed(BedOptions options)
    {
        _options = options;
        _prefix = options.Prefix ?? $"{StaleBeds.Prefix}{Environment.ProcessId}x{Interlocked.Increment(ref _count)}";
        Folder = Path.Combine(Path.GetTempPath(), _prefix);
        _etcdFolder = options.EtcdInMemory ? Path.Combine(MemoryFolder.PathOrTemporary, _prefix) : Folder;
        Bridge = new NetworkNamespace($"{_prefix}-br");
        Client = new NetworkNamespace($"{_prefix}-cl");
        var members = Enumerable.Range(1, options.EtcdMembers).Select(i => (Name: $"e{i}", Address: IPAddress.Parse($"10.77.0.{1 + i}"))).ToList();
        var cluster = string.Join(',', members.Select(member => $"{member.Name}=http://{member.Address}:{EtcdMember.PeerPort}"));
        Etcd = [.. members.Select(member => new EtcdMember(new NetworkNamespace($"{_prefix}-{member.Name}"), member.Name, member.Address, cluster, _etcdFolder))];
        var environment = new Dictionary<string, string>
        {
            ["ETCD_HOSTS"] = string.Join(',', Etcd.Select(member => member.Url)),
            ["SECRET_STORAGE_ENCRYPTION_KEY"] = "bed-encryption-key-0123456789abcdef0123456789",
        };
        foreach (var (name, value) in options.AgentEnvironment)
            environment[name] = value;
        Hosts = [.. Enumerable.Range(1, options.Hosts).Select(i => new AgentHost(i, new NetworkNamespace($"{_prefix}-h{i}"), Folder, environment))];
    }

    internal static IPAddress Vip { get; } = IPAddress.Parse("10.77.0.200");

    internal static IPAddress VipV6 { get; } = IPAddress.Parse("fd00:77::200");

    internal static IPAddress ClientAddress { get; } = IPAddress.Parse("10.77.0.100");

    internal string Folder { get; }

    internal NetworkNamespace Bridge { get; }

    internal NetworkNamespace Client { get; }

    internal IReadOnlyList<AgentHost> Hosts { get; }

    internal IReadOnlyList<EtcdMember> Etcd { get; }

    internal AddressLog Addresses { get; private set; } = null!;

    /// <summary>Why no bed can be built here; null: it can.</summary>
    internal static string? Unavailable => LibC.geteuid() == 0 ? null : "network namespaces need root";

    /// <summary>Namespaces and etcd; no agents.</summary>
    internal static async Task<TestBed> StartAsync(BedOptions? options = null)
    {
        await StaleBeds.RemoveAsync();
        var bed = new TestBed(options ?? new BedOptions());
        LiveBeds.Add(bed);
        try
        {
            Directory.CreateDirectory(bed.Folder);
            Directory.CreateDirectory(bed._etcdFolder);
            await bed.BuildNetworkAsync();
            await bed.StartEtcdAsync();
            return bed;
        }
        catch
        {
            await bed.DisposeAsync();
            throw;
        }
    }

    internal AgentHost Host(int number) => Hosts[number - 1];

    internal AgentHost? HostOf(MacAddress mac) => Hosts.FirstOrDefault(host => host.Mac == mac);

    internal AgentHost? HostOf(int namespaceNumber) => namespaceNumber >= 1 && namespaceNumber <= Hosts.Count ? Hosts[namespaceNumber - 1] : null;

    /// <summary>Hosts whose kernel has the address now.</summary>
    internal IReadOnlyList<AgentHost> HoldersOf(IPAddress address) => [.. Hosts.Where(host => Addresses.IsPresent(host.Number, address))];

    internal Prober Probe(IPAddress address) => Prober.Start(Client, AgentHost.Interface, address);

    /// <summary>The link address that the client has for the address; null: none.</summary>
    internal MacAddress? ClientNeighbour(IPAddress address) => ClientNeighbours(address).Select(entry => entry.Mac).LastOrDefault();

    internal IReadOnlyList<NeighbourEvent> ClientNeighbours(IPAddress address) => Addresses.Neighbours(ClientNumber, address);

    internal async Task StartEtcdAsync(bool wipe = true)
    {
        foreach (var member in Etcd.Where(member => member.Process is null))
            member.Start(wipe);
        await Task.WhenAll(Etcd.Select(member => member.WaitUntilHealthyAsync()));
    }

    /// <summary>The agents' logs, for the output of a test that failed.</summary>
    internal string Logs()
    {
        var text = new StringBuilder();
        foreach (var host in Hosts.Where(host => File.Exists(host.Log)))
            text.AppendLine($"--- agent on {host.Name}").AppendLine(string.Join('\n', File.ReadLines(host.Log).TakeLast(200)));
        return text.ToString();
    }

    /// <summary>Leaves everything running; whoever built it removes it by its prefix.</summary>
    internal void Abandon()
    {
        LiveBeds.Remove(this);
        _disposed = true;
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await StopLinKAsync();
        foreach (var host in Hosts)
            host.Dispose();
        foreach (var member in Etcd)
            member.Dispose();
        Addresses?.Dispose();
        foreach (var ns in Namespaces())
            await Tool.TryAsync("ip", ["netns", "del", ns.Name]);
        foreach (var folder in new[] { _etcdFolder, Folder }.Where(Directory.Exists))
            Directory.Delete(folder, recursive: true);
        LiveBeds.Remove(this);
    }

    private IEnumerable<NetworkNamespace> Namespaces() => [Bridge, Client, .. Hosts.Select(host => host.Namespace), .. Etcd.Select(member => member.Namespace)];

    private async Task BuildNetworkAsync()
    {
        var batch = new StringBuilder();
        foreach (var ns in Namespaces())
            batch.AppendLine($"netns add {ns.Name}");
        await Tool.RunAsync("ip", "-batch -", batch.ToString());
        // The numbers by which the address log knows the namespaces; set before the first veth pair makes the kernel choose some.
        batch.Clear();
        foreach (var host in Hosts)
            batch.AppendLine($"netns set {host.Namespace.Name} {host.Number}");
        batch.AppendLine($"netns set {Client.Name} {ClientNumber}");
        batch.AppendLine("link add br0 type bridge stp_state 0 forward_delay 0 mcast_snooping 0").AppendLine("link set br0 up").AppendLine("link set lo up");
        await Tool.RunAsync("ip", $"-n {Bridge.Name} -batch -", batch.ToString());
        Addresses = new AddressLog(Bridge);
        foreach (var host in Hosts)
            await AttachAsync(host);
        foreach (var (member, number) in Etcd.Select((member, i) => (member, i + 1)))
            await AttachAsync(member.Namespace, member.Name, new MacAddress(0x0277_0000_0100 + number), member.Address, IPAddress.Parse($"fd00:77::{1 + number}"));
        await AttachAsync(Client, "cl", ClientMac, ClientAddress, IPAddress.Parse("fd00:77::100"));
        Client.Run(() =>
        {
            foreach (var family in new[] { "ipv4", "ipv6" })
            {
                File.WriteAllText($"/proc/sys/net/{family}/neigh/{AgentHost.Interface}/base_reachable_time_ms", "3600000");
                File.WriteAllText($"/proc/sys/net/{family}/neigh/{AgentHost.Interface}/delay_first_probe_time", "3600");
            }
        });
    }

    private Task AttachAsync(AgentHost host) => AttachAsync(host.Namespace, host.Name, host.Mac, host.Address, host.AddressV6);

    private async Task AttachAsync(NetworkNamespace ns, string port, MacAddress mac, IPAddress v4, IPAddress v6)
    {
        await Tool.RunAsync("ip", $"link add {AgentHost.Interface} netns {ns.Name} address {mac} type veth peer name {Port(port)} netns {Bridge.Name}");
        await Tool.RunAsync("ip", $"-n {Bridge.Name} link set {Port(port)} master br0 up");
        await Tool.RunAsync("ip", $"-n {ns.Name} -batch -", $"""
            link set lo up
            link set {AgentHost.Interface} up
            addr add {v4}/24 brd + dev {AgentHost.Interface}
            addr add {v6}/64 dev {AgentHost.Interface} nodad

            """);
    }

    private static string Port(string name) => $"p-{name}";
}
