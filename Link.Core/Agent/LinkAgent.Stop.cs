using Link.Core.Election;
using Link.Core.Net.Linux;

namespace Link.Core.Agent;

/// <summary>The end of the process, and the reload.</summary>
internal sealed partial class LinkAgent
{
    /// <summary>How long a stop waits for etcd's word on the lease before it leaves.</summary>
    private const long FarewellMs = 500;

    /// <summary>How long a stop that drains waits for what has to be ended outside.</summary>
    private const long EndingMs = 10_000;

    private bool _stopping;
    private bool _drainsForStop;
    private long _leaveAtMs = long.MaxValue;
    private long _endingUntilMs = long.MaxValue;

    /// <summary>Everything is said: the election decides no more.</summary>
    private bool _left;

    /// <summary>SIGTERM. Leases and addresses stay for a quick restart, guarded by their lifetimes; with ON_STOP=drain everything is handed over first.</summary>
    private void BeginStop()
    {
        if (_stopping)
        {
            _log.Warning("told to stop again: leaving at once");
            Exit(0);
            return;
        }

        _stopping = true;
        _systemd.Stopping("stopping");
        _log.Info("stopping", ("on_stop", _options.OnStop.ToString().ToLowerInvariant()), ("activated", Activated()));
        if (_options.OnStop == StopPolicy.Drain && _elector.IsServing && !_elector.Drained)
        {
            _drainsForStop = true;
            Feed(new ElectorInput.Drain(NextCommand((status, reason) =>
            {
                if (status != AnswerStatus.Done)
                    _log.Warning("not everything could be handed over", ("reason", reason));
                _endingUntilMs = BootClock.NowMs + EndingMs;
            }), ForStop: true));
            return;
        }

        Farewell();
    }

    /// <summary>One more renewal, so that the lease and the addresses last for a whole period from now; then the process ends.</summary>
    private void Farewell()
    {
        _endingUntilMs = long.MaxValue;
        if (!_elector.IsServing || _elector.LeaseId == 0 || _elector.Etcd is not EtcdState.Ok)
        {
            LeaveAddresses();
            Exit(0);
            return;
        }

        _leaveAtMs = BootClock.NowMs + FarewellMs;
        _etcd.RenewLease(_elector.LeaseId);
    }

    /// <summary>LinK, which takes over, renews no lifetimes: its addresses have none. After the last renewal, which prolongs them once more.</summary>
    private void LeaveAddresses()
    {
        _left = true;
        if (_options.OnStop != StopPolicy.Leave)
            return;
        _outputs.KeepForEver();
        long now = BootClock.NowMs;
        do
            _outputs.Tick(now);
        while (_outputs.NextDueMs == 0 && BootClock.NowMs - now < EndingMs);
    }

    /// <summary>After the renewal, or when it takes too long.</summary>
    private void Leave()
    {
        _leaveAtMs = long.MaxValue;
        LeaveAddresses();
        long lease = _elector.LeaseId;
        if (lease == 0)
        {
            Exit(0);
            return;
        }

        bool drained = _elector.Drained && !_drainsForStop;
        _ = LeaveAsync(lease, drained);
    }

    private async Task LeaveAsync(long lease, bool drained)
    {
        await _etcd.SayGoodbyeAsync(lease, drained, leavesToLinK: _options.OnStop == StopPolicy.Leave, TimeSpan.FromMilliseconds(FarewellMs)).ConfigureAwait(false);
        _loop.Post(() => Exit(0));
    }

    /// <summary>SIGHUP. The API's files may be many and slow to read, which the loop does not wait for.</summary>
    private void Reload()
    {
        _systemd.Reloading();
        _ = Task.Run(() =>
        {
            bool done = _api.ReloadFiles();
            _loop.Post(() => Reloaded(done));
        });
    }

    private void Reloaded(bool api)
    {
        if (_etcd.ReloadCertificates() is { } fault)
            _log.Error("certificates cannot be read", ("reason", fault));
        else if (api)
            _log.Info("certificates and users are read again");
        _systemd.Ready();
    }

    private int Activated() => _elector.Endpoints.Values.Count(e => e.State == EndpointState.Activated);
}
