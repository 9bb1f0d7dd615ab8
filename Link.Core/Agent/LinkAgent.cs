using Link.Core.Agent.Systemd;
using Link.Core.Api;
using Link.Core.Election;
using Link.Core.Etcd;
using Link.Core.HealthChecks;
using Link.Core.Logging;
using Link.Core.Net;
using Link.Core.Net.Linux;
using Link.Core.Plugins;
using Link.Core.Plugins.Arp;
using Link.Core.Plugins.Exec;
using Link.Core.Plugins.Outscale;
using Link.Core.Plugins.Webhook;
using Link.Core.Secrets;

namespace Link.Core.Agent;

/// <summary>
/// The agent: composition root and shell around the <see cref="Elector"/>. One thread, the loop's, feeds the Elector and hands its effects to the adapters;
/// everything else runs elsewhere and posts its results.
/// </summary>
internal sealed partial class LinkAgent : IDisposable
{
    /// <summary>A command right after the start of the service should find the agent joined; one without etcd should not wait long.</summary>
    private const long ReadyWithoutEtcdMs = 5_000;

    private readonly AgentOptions _options;
    private readonly string _version;
    private readonly Log _log;
    private readonly SystemdNotifier _systemd;
    private readonly EventLoop _loop = new();
    private readonly ProcessIdentity _identity = ProcessIdentity.Current();
    private readonly Elector _elector;
    private readonly EtcdSession _etcd;
    private readonly ArpOutputs _outputs;
    private readonly NeededAddressKeeper _needed;
    private readonly RemoteOutputs _remote;

    /// <summary>Of the plugins. The checks have their own: one that waits behind a receiver's name that nobody resolves would fail.</summary>
    private readonly NameResolver _names = new();
    private readonly OutboundHttp _http;
    private readonly SortedDictionary<string, IPlugin> _plugins = new(StringComparer.Ordinal);
    private readonly KeyRing _keys;
    private readonly DataKeeper _data;
    private readonly NamespaceClaim _namespace = NamespaceClaim.Try();
    private readonly HealthCheckRunner _checks;
    private readonly ApiServer _api;

    /// <summary>By id, in its order: a list is given out in parts.</summary>
    private readonly SortedList<string, EndpointEntry> _entries = new(StringComparer.Ordinal);

    /// <summary>The entries that can be run, or at least named, by election key.</summary>
    private readonly Dictionary<string, EndpointEntry> _byKey = [];
    private readonly HeapTrim _trim;
    private readonly Queue<ElectorInput> _inputs = new();
    private readonly List<ElectorEffect> _effects = [];
    private readonly Dictionary<long, Action<AnswerStatus, string?>> _commands = [];
    private readonly List<Action> _answers = [];
    private readonly NamesakeInquiry _namesakes;

    /// <summary>Where the lease is noted; null: nowhere.</summary>
    private readonly string? _notePath;
    private long _notedLease;
    private Task _noting = Task.CompletedTask;
    private long _lastCommand;
    private bool _served;
    private bool _predecessorWasLinK;
    private int _exitCode;
    private long _watchdogAtMs = long.MaxValue;

    /// <summary>When systemd is told at the latest that the agent is ready; never: the API does not listen yet, or systemd knows.</summary>
    private long _readyByMs = long.MaxValue;
    private long _statusAtMs;
    private string _status = "";

    /// <exception cref="KernelException">The kernel refuses a socket: no CAP_NET_ADMIN or CAP_NET_RAW.</exception>
    public LinkAgent(AgentOptions options, EtcdOptions etcd, string version, Log log, SystemdNotifier systemd)
    {
        _options = options;
        _version = version;
        _log = log;
        _systemd = systemd;
        long now = BootClock.NowMs;
        _trim = new HeapTrim(now);
        _elector = new Elector(
            new ElectorOptions
            {
                Hostname = options.Hostname,
                Instance = _identity.Instance,
                KeepAliveIntervalMs = (long)options.KeepAliveInterval.TotalMilliseconds,
                KeepAliveRetry = options.KeepAliveRetry,
            },
            now,
            new Random());
        _keys = new KeyRing(options.SecretStorageEncryptionKey, options.SecretStorageAlternateKeys, options.SecretStorageRequireBound);
        _namesakes = new NamesakeInquiry(_identity.Instance);
        _notePath = LeaseNote.PathBeside(options.Socket);
        _etcd = new EtcdSession(etcd, options, _identity, version, _namesakes, _loop, log, id => _entries.GetValueOrDefault(id)?.Stored, OnHostReadAsync, Feed, OnPeers);
        _outputs = new ArpOutputs(
            new AnnounceOptions { Rounds = options.ArpGratuitousCount + 1, RoundIntervalMs = (int)Math.Max(1_100, options.PluginEnsureInterval.TotalMilliseconds) },
            this,
            new Random());
        _needed = new NeededAddressKeeper(etcd.Endpoints, options.ProtectedAddressesExcept, () => _etcd.Connection, _loop, log, OnNeeded);
        _data = new DataKeeper(_etcd.Data, _keys, options.SecretStorageFormat, _plugins.GetValueOrDefault, this, log, TimeProvider.System);
        foreach (int descriptor in _outputs.Descriptors)
            _loop.Watch(descriptor, ms => _outputs.Dispatch(descriptor, ms));
        _remote = new RemoteOutputs(
            new RemoteOutputOptions
            {
                EnsureInterval = options.PluginEnsureInterval,
                MaxBackoff = options.PluginEnsureMaxBackoffInterval,
                FailuresBeforeFailover = options.PluginFailCountBeforeFailover,
            },
            this,
            static () => BootClock.NowMs,
            new Random());
        var rules = new OutboundRules(options.WebhookAllow, options.Port, [.. etcd.Endpoints.Select(static member => (member.IdnHost, member.Port))]);
        _http = new OutboundHttp(_names, TimeProvider.System, rules: rules);
        AddPlugin(new ArpPlugin(_outputs, options.Interface));
        AddPlugin(new ExecPlugin(_remote, options.ExecDirectories, new ProgramVariables(options.ExecEnvironmentAllow), options.ExecSocket));
        AddPlugin(new WebhookPlugin(_remote, _http, _names, rules, options.WebhookRefreshInterval, version, TimeProvider.System));
        AddPlugin(new OutscalePlugin(
            _remote,
            new OutscaleOptions
            {
                RefreshInterval = options.OutscalePublicIpRefreshInterval,
                Endpoint = options.OscEndpointApi,
                AllowsTestRegion = options.GoEnv == "test",
            },
            _http,
            TimeProvider.System,
            static () => BootClock.NowMs));
        _checks = new HealthCheckRunner(
            new HealthCheckOptions
            {
                Interval = options.HealthCheckInterval,
                Timeout = options.HealthCheckTimeout,
                Fall = options.FailCountBeforeFailover,
            },
            new TcpCheck(new NameResolver(), TimeProvider.System).ProbeAsync,
            report => _loop.Post(() => OnHealth(report)),
            TimeProvider.System,
            new Random());
        _api = new ApiServer(options.ToApi(version), this, TimeProvider.System, (text, fault) => _log.Warning("api", ("text", text), ("fault", fault?.ToString())));
    }

    /// <summary>Turns until the agent is told to stop. Gives the process's exit code.</summary>
    public int Run()
    {
        using var signals = new Signals(() => _loop.Post(BeginStop), () => _loop.Post(Reload));
        _log.Info("agent started", ("version", _version), ("hostname", _options.Hostname), ("instance", _identity.Instance), ("etcd", _etcd.Endpoint));
        if (!_namespace.IsHeld)
            _log.Warning("another agent runs in this network namespace; addresses left behind by a crash are not cleaned up by this one");
        _ = StartApiAsync();
        if (_systemd.WatchdogTimeout is { } watchdog)
            _watchdogAtMs = BootClock.NowMs + (long)watchdog.TotalMilliseconds / 3;
        _loop.Run(Turn);
        return _exitCode;
    }

    public void Dispose()
    {
        _api.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(3));
        _checks.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(1));
        _etcd.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(1));
        _namesakes.DisposeAsync().AsTask().Wait(TimeSpan.FromSeconds(1));
        _noting.Wait(TimeSpan.FromSeconds(1));
        _data.Dispose();
        _remote.Dispose();
        foreach (IPlugin plugin in _plugins.Values)
            (plugin as IDisposable)?.Dispose();
        _http.Dispose();
        _outputs.Dispose();
        _needed.Dispose();
        _namespace.Dispose();
        _loop.Dispose();
    }

    private void AddPlugin(IPlugin plugin) => _plugins.Add(plugin.Name, plugin);

    private async Task StartApiAsync()
    {
        try
        {
            await _api.StartAsync(CancellationToken.None).ConfigureAwait(false);
            _log.Info("api listens", ("tcp", string.Join(',', _api.Listening)), ("socket", _api.ListeningSocket));
            _loop.Post(() => _readyByMs = BootClock.NowMs + ReadyWithoutEtcdMs);
        }
        catch (ApiStartException fault)
        {
            _log.Error("the API cannot start", ("reason", fault.Message));
            _loop.Post(() => Exit(1));
        }
    }

    /// <summary>Ends the loop; leases and addresses stay as they are.</summary>
    private void Exit(int code)
    {
        _exitCode = code;
        _api.EndCommands();
        // Before the loop, which it tells what it reads.
        _data.Dispose();
        _loop.Stop();
    }

    // ---- the loop --------------------------------------------------------------------------------

    /// <summary>Feeds inputs to the Elector and carries out what follows. On the loop.</summary>
    private void Feed(IReadOnlyList<ElectorInput> inputs)
    {
        foreach (ElectorInput input in inputs)
            _inputs.Enqueue(input);
        Pump();
    }

    private void Feed(ElectorInput input)
    {
        _inputs.Enqueue(input);
        Pump();
    }

    private bool _pumping;

    /// <summary>Effects may give rise to inputs (an address that cannot be added): in order, not by recursion.</summary>
    private void Pump()
    {
        if (_pumping)
            return;
        _pumping = true;
        try
        {
            while (_inputs.TryDequeue(out ElectorInput? input))
            {
                if (_left)
                    continue;
                _elector.Step(BootClock.NowMs, input, _effects);
                for (int i = 0; i < _effects.Count; i++)
                    CarryOut(_effects[i]);
                _effects.Clear();
                if (_leaveAtMs != long.MaxValue && input is ElectorInput.LeaseRenewed or ElectorInput.LeaseGone or ElectorInput.LeaseRenewalFailed)
                    _leaveAtMs = 0;
            }
        }
        finally
        {
            _pumping = false;
        }
    }

    private long Turn(long now)
    {
        if (now >= _elector.NextWakeMs)
            Feed(ElectorInput.Tick.Instance);
        if (_elector.IsServing && !_served)
            OnServing();
        NoteLease();
        _remote.Tick(now);
        _outputs.Tick(now);
        _needed.Tick(now);
        _etcd.Flush();
        GiveAnswers();
        if (_endingUntilMs != long.MaxValue && (!_remote.IsEnding || now >= _endingUntilMs))
            Farewell();
        if (now >= _leaveAtMs)
            Leave();
        if (_readyByMs != long.MaxValue && (now >= _readyByMs || HasSettled()))
        {
            _readyByMs = long.MaxValue;
            _systemd.Ready(_served ? null : _elector.IsAside ? "another agent has this HOSTNAME" : "joining the cluster");
        }

        if (now >= _watchdogAtMs)
        {
            _systemd.Watchdog();
            _watchdogAtMs = now + (long)_systemd.WatchdogTimeout!.Value.TotalMilliseconds / 3;
        }

        if (_systemd.IsEnabled && now >= _statusAtMs)
            ShowStatus(now);
        // Without a wake of its own: the loop goes round at least with every renewal.
        if (_trim.WantsLook(now) && _trim.IsDue(now, GC.GetTotalAllocatedBytes()))
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        long outputs = Math.Min(Math.Min(_outputs.NextDueMs ?? long.MaxValue, _remote.NextDueMs ?? long.MaxValue), Math.Min(_endingUntilMs, _needed.NextDueMs));
        return Math.Min(Math.Min(Math.Min(Math.Min(_elector.NextWakeMs, _watchdogAtMs), _leaveAtMs), _readyByMs), outputs);
    }

    /// <summary>The first elections are decided: what is asked after the start sees more than BOOTING.</summary>
    private bool HasSettled()
    {
        if (!_served)
            return false;
        foreach (Endpoint endpoint in _elector.Endpoints.Values)
        {
            if (endpoint.State == EndpointState.Booting)
                return false;
        }

        return true;
    }

    private void ShowStatus(long now)
    {
        string status = $"{_entries.Count} endpoints, {Activated()} activated; etcd {Word(_elector.Etcd)}{(_elector.Drained ? "; drained" : "")}{(_elector.Clash == null ? "" : "; another agent may have this HOSTNAME")}";
        if (status == _status)
            return;
        _status = status;
        _statusAtMs = now + 1_000;
        _systemd.Status(status);
    }

    private static string Word(EtcdState state) => state switch
    {
        EtcdState.Ok => "ok",
        EtcdState.Silent => "silent",
        EtcdState.Lost => "lost",
        _ => "connecting",
    };

    /// <summary>The host's name is ours: from now on what an earlier process left may be touched.</summary>
    private void OnServing()
    {
        _served = true;
        _joined.TrySetResult();
        _log.Info("serving", ("endpoints", _entries.Count), ("lease", _elector.LeaseId));
        _ = _data.MigrateAsync();
        if (!_namespace.IsHeld)
            return;
        if (_predecessorWasLinK)
            AdoptFromLinK();
        RemoveOrphans();
    }

    private void OnHealth(HealthReport report)
    {
        if (!_entries.TryGetValue(report.EndpointId, out EndpointEntry? entry) || entry.ChecksGeneration != report.Generation)
            return;
        if (report.Reason.Length > 0)
            entry.Failed(report.Reason);
        Feed(new ElectorInput.HealthChanged(report.EndpointId, report.Healthy, report.Reason));
    }
}
