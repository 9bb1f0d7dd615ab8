using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Link.Tests.Support;

/// <summary>
/// One etcd process with a folder of its own. Its addresses and data outlive a stop, so that it can be started again; disposing it kills
/// the process by its id and removes the folder. Made by <see cref="EtcdCluster"/>.
/// </summary>
internal sealed partial class EtcdServer : IDisposable
{
    private const int SIGTERM = 15;
    private const int SIGCONT = 18;
    private const int SIGSTOP = 19;

    private static readonly TimeSpan StopDeadline = TimeSpan.FromSeconds(60);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(2) };

    private readonly List<string> _arguments;
    private readonly string _folder;
    private Process? _process;

    public EtcdServer(string name, string clientUrl, string peerUrl, string healthUrl, string initialCluster, IEnumerable<string> arguments)
    {
        Name = name;
        ClientUrl = clientUrl;
        PeerUrl = peerUrl;
        HealthUrl = healthUrl;
        _folder = Path.Combine(MemoryFolder.PathOrTemporary, $"link-etcd-{Environment.ProcessId}-{Guid.NewGuid():N}");
        _arguments =
        [
            "--name", name, "--data-dir", Path.Combine(_folder, "data"),
            "--listen-client-urls", clientUrl, "--advertise-client-urls", clientUrl,
            "--listen-peer-urls", peerUrl, "--initial-advertise-peer-urls", peerUrl,
            "--listen-metrics-urls", healthUrl,
            "--initial-cluster", initialCluster, "--initial-cluster-state", "new",
            // Alone it is the leader at once; of several, one that a busy machine holds up for a moment has to stay it.
            .. initialCluster.Contains(',', StringComparison.Ordinal) ? (string[])["--heartbeat-interval", "100", "--election-timeout", "2500"] : ["--heartbeat-interval", "50", "--election-timeout", "500"],
            "--bcrypt-cost", "4",
            "--logger", "zap", "--log-outputs", Path.Combine(_folder, "log"),
            .. arguments,
        ];
        AppDomain.CurrentDomain.ProcessExit += OnProcessExit;
    }

    public string Name { get; }

    /// <summary>http(s)://host:port.</summary>
    public string ClientUrl { get; }

    public string PeerUrl { get; }

    public string HealthUrl { get; }

    public bool IsRunning => _process is { HasExited: false };

    public int ProcessId => _process?.Id ?? 0;

    /// <summary>Starts the process and returns at once; see <see cref="WaitUntilHealthyAsync"/>. Data of an earlier run are taken up.</summary>
    public void Start()
    {
        if (IsRunning)
            throw new InvalidOperationException($"{Name} runs already");
        Directory.CreateDirectory(_folder);
        _process = Process.Start(new ProcessStartInfo("etcd", _arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Waits until it answers linearizable reads, which needs a leader and a quorum.</summary>
    public async Task WaitUntilHealthyAsync()
    {
        long start = Stopwatch.GetTimestamp();
        while (!await IsHealthyAsync())
        {
            if (!IsRunning || Stopwatch.GetElapsedTime(start) > TimeSpan.FromSeconds(60))
                throw new InvalidOperationException($"{Name} ({ClientUrl}) does not become healthy:\n{LogTail()}");
            await Task.Delay(25);
        }
    }

    /// <summary>SIGKILL, and waits for its end.</summary>
    public void Kill()
    {
        if (_process is null)
            return;
        if (!_process.HasExited)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _process = null;
    }

    /// <summary>SIGTERM, and waits for its end.</summary>
    public void Stop()
    {
        Signal(SIGTERM);
        if (!_process!.WaitForExit(StopDeadline))
            throw new InvalidOperationException($"{Name} does not stop");
        Kill();
    }

    /// <summary>SIGSTOP: the sockets stay open and silent, as after a partition or in a suspended machine.</summary>
    public void Pause() => Signal(SIGSTOP);

    /// <summary>SIGCONT.</summary>
    public void Resume() => Signal(SIGCONT);

    /// <summary>Removes the data of a process that does not run.</summary>
    public void Wipe()
    {
        if (IsRunning)
            throw new InvalidOperationException($"{Name} runs");
        if (Directory.Exists(_folder))
            Directory.Delete(_folder, recursive: true);
    }

    public void Dispose()
    {
        AppDomain.CurrentDomain.ProcessExit -= OnProcessExit;
        Kill();
        Wipe();
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);

    private void Signal(int signal)
    {
        if (!IsRunning || SendSignal(_process!.Id, signal) != 0)
            throw new InvalidOperationException($"{Name} cannot be signalled");
    }

    private async Task<bool> IsHealthyAsync()
    {
        try
        {
            return (await Http.GetStringAsync(HealthUrl + "/health")).Contains("true", StringComparison.Ordinal);
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private string LogTail()
    {
        string path = Path.Combine(_folder, "log");
        return File.Exists(path) ? string.Join('\n', File.ReadLines(path).TakeLast(10)) : "no log";
    }

    private void OnProcessExit(object? sender, EventArgs arguments) => Dispose();
}
