using System.Globalization;
using System.Net;

namespace Link.Tests.Bed;

/// <summary>One etcd process in a namespace of its own.</summary>
internal sealed class EtcdMember : IDisposable
{
    internal const int ClientPort = 2379, PeerPort = 2380;

    private static readonly TimeSpan StartDeadline = TimeSpan.FromSeconds(60);

    private readonly string _cluster;
    private readonly string _dataFolder;
    private readonly string _log;
    private readonly HttpClient _http;

    /// <param name="cluster">What <c>--initial-cluster</c> wants.</param>
    internal EtcdMember(NetworkNamespace ns, string name, IPAddress address, string cluster, string folder)
    {
        (Namespace, Name, Address, _cluster) = (ns, name, address, cluster);
        _dataFolder = Path.Combine(folder, name);
        _log = Path.Combine(folder, name + ".log");
        _http = ns.HttpClient(new IPEndPoint(address, ClientPort));
        _http.Timeout = Timeout.InfiniteTimeSpan;
        Gateway = new EtcdGateway(_http);
    }

    internal NetworkNamespace Namespace { get; }

    internal string Name { get; }

    internal IPAddress Address { get; }

    internal string Url => $"http://{Address}:{ClientPort}";

    internal string PeerUrl => $"http://{Address}:{PeerPort}";

    internal EtcdGateway Gateway { get; }

    internal ChildProcess? Process { get; private set; }

    /// <param name="wipe">True: with an empty data folder, as a new cluster; false: with what it had.</param>
    internal void Start(bool wipe)
    {
        if (wipe && Directory.Exists(_dataFolder))
            Directory.Delete(_dataFolder, recursive: true);
        Process = ChildProcess.Start(Namespace, Programs.Find("etcd"),
        [
            "--name", Name, "--data-dir", _dataFolder, "--logger", "zap",
            "--listen-client-urls", $"{Url},http://127.0.0.1:{ClientPort}", "--advertise-client-urls", Url,
            "--listen-peer-urls", PeerUrl, "--initial-advertise-peer-urls", PeerUrl,
            "--initial-cluster", _cluster, "--initial-cluster-state", wipe ? "new" : "existing",
        ],
            new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" }, _log);
    }

    internal Task WaitUntilHealthyAsync() => Wait.UntilAsync($"health of etcd member {Name}, see {_log}", IsHealthyAsync, StartDeadline);

    internal async Task<bool> IsHealthyAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        return (await _http.GetStringAsync("/health", deadline.Token)).Contains("true", StringComparison.Ordinal);
    }

    internal async Task<bool> IsLeaderAsync() => (await MetricsAsync()).GetValueOrDefault("etcd_server_is_leader") > 0;

    /// <summary>Messages that clients sent so far: a unary call is one, and so is each message on a stream.</summary>
    internal async Task<double> RequestsAsync() =>
        (await MetricsAsync()).Where(pair => pair.Key.StartsWith("grpc_server_msg_received_total", StringComparison.Ordinal)).Sum(pair => pair.Value);

    internal void Kill()
    {
        Process?.Kill();
        Process = null;
    }

    internal void Signal(int signal) => Process?.Signal(signal);

    public void Dispose()
    {
        Signal(LibC.SIGCONT);
        Kill();
        _http.Dispose();
    }

    private async Task<IReadOnlyDictionary<string, double>> MetricsAsync()
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var text = await _http.GetStringAsync("/metrics", deadline.Token);
        return text.Split('\n').Where(line => line.Length > 0 && line[0] != '#').Select(line => line.LastIndexOf(' ') is var space ? (line[..space], line[(space + 1)..]) : default)
            .ToDictionary(pair => pair.Item1, pair => double.Parse(pair.Item2, CultureInfo.InvariantCulture));
    }
}
