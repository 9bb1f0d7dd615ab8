namespace Link.Core.Election;

/// <summary>The host's own lease, records and name.</summary>
internal sealed partial class Elector
{
    private enum Phase
    {
        /// <summary>Reading this host's records.</summary>
        Loading,

        /// <summary>Getting a lease and writing the host's keys.</summary>
        Joining,

        /// <summary>Another process may have our name: it is asked, or it has answered.</summary>
        Aside,

        /// <summary>Waiting whether an older process with our name objects.</summary>
        Probation,

        Serving,
    }

    /// <summary>With <see cref="EtcdLossPolicy.Release"/> the output goes this long before the lease can expire.</summary>
    private const long ReleaseMarginMs = 1_000;

    private Phase _phase;
    private long _leaseId;

    /// <summary>The lease is the last agent's, not granted to this process.</summary>
    private bool _leaseIsAdopted;

    /// <summary>etcd has answered for this lease since we have it.</summary>
    private bool _leaseConfirmed;
    private long _leaseDeadlineMs = long.MinValue / 2;
    private long _ttlMs;

    /// <summary>When the last renewal that etcd answered was sent.</summary>
    private long _lastAnswerMs;
    private bool _everAnswered;
    private bool _renewing;
    private bool _lastRenewalFailed;
    private long _renewAtMs = long.MaxValue;
    private bool _lost;
    private bool _asking;

    /// <summary>The process slept longer than it should: nothing is prolonged before etcd has spoken.</summary>
    private bool _doubt;
    private long _doubtSinceMs;
    private bool _releaseDone = true;
    private bool _hostRequest;
    private bool _writeAgain;
    private long _retryHostAtMs;
    private int _hostFailures;
    private long _probationEndMs;
    private long _auditAtMs;
    private bool _drained;

    public EtcdState Etcd =>
        !_everAnswered ? EtcdState.Connecting
        : _phase is Phase.Loading or Phase.Aside ? _hostFailures == 0 ? EtcdState.Ok : EtcdState.Silent
        : _lost ? EtcdState.Lost
        : _lastRenewalFailed || _nowMs - _lastAnswerMs > _options.KeepAliveIntervalMs + AnswerTimeMs ? EtcdState.Silent
        : EtcdState.Ok;

    /// <summary>How long a renewal may stay unanswered before it counts as failed.</summary>
    private long AnswerTimeMs => Math.Min(1_000, _options.KeepAliveIntervalMs / 2);

    private long FirstFailureMs => _lastAnswerMs + _options.KeepAliveIntervalMs + AnswerTimeMs;

    private long LossAtMs => Math.Max(_lastAnswerMs + _options.LossMs, FirstFailureMs);

    /// <summary>The LAN is asked a little earlier, so that the verdict is there when etcd counts as lost.</summary>
    private long AskFromMs => Math.Max(LossAtMs - Math.Min(2 * _options.WitnessStepMs, _options.KeepAliveIntervalMs / 2), FirstFailureMs);

    private long ReleaseAtMs => _leaseDeadlineMs - Math.Min(ReleaseMarginMs, _ttlMs / 4);

    private bool HostRequestWanted =>
        !_hostRequest && _phase != Phase.Aside
        && (_phase == Phase.Loading || _leaseId == 0 || _leavingLease || (_leaseConfirmed && (_phase == Phase.Joining || _writeAgain)));

    /// <summary>Renewals are what etcd's loss is judged by.</summary>
    private bool HasJoined => _phase is not (Phase.Loading or Phase.Aside);

    private long HostWakeMs()
    {
        long wake = HostRequestWanted ? _retryHostAtMs : long.MaxValue;
        if (_phase == Phase.Probation && _asked == null)
            wake = Math.Min(wake, _probationEndMs);
        if (_leaseId != 0 && !_renewing)
            wake = Math.Min(wake, _renewAtMs);
        if (!_lost && HasJoined)
            wake = Math.Min(wake, _asking ? LossAtMs : AskFromMs);
        if (!_releaseDone)
            wake = Math.Min(wake, ReleaseAtMs);
        wake = Math.Min(wake, NamesakeWakeMs());
        if (_phase == Phase.Serving)
            wake = Math.Min(wake, Math.Min(_auditAtMs, _silenceAtMs));
        return wake;
    }

    private void AdvanceHost()
    {
        AdvanceNamesake();
        if (HostRequestWanted && _nowMs >= _retryHostAtMs)
            RequestHost();
        if (_phase == Phase.Probation && _nowMs >= _probationEndMs && _asked == null)
            StartServing();
        if (_leaseId != 0 && !_renewing && _nowMs >= _renewAtMs)
            Renew();
        if (!_releaseDone && _nowMs >= ReleaseAtMs)
            LetGoBeforeExpiry();
        if (!_asking && _nowMs >= AskFromMs && HasJoined)
            StartAsking();
        if (!_lost && _nowMs >= LossAtMs && HasJoined)
            OnEtcdLost();
        if (_phase != Phase.Serving)
            return;
        if (_nowMs >= _silenceAtMs)
            ProlongWithoutEtcd();
        if (_nowMs >= _auditAtMs)
        {
            _auditAtMs = _nowMs + Jitter(_options.AuditIntervalMs);
            foreach (Endpoint endpoint in _byId.Values)
            {
                endpoint.MustObserve = true;
                Reconcile(endpoint);
            }
        }
    }

    /// <summary>The next step towards serving, or the repair of what was lost since.</summary>
    private void RequestHost()
    {
        _hostRequest = true;
        if (_phase == Phase.Loading)
        {
            Emit(new ElectorEffect.LoadHost());
        }
        else if (_leaseId == 0 || _leavingLease)
        {
            Emit(new ElectorEffect.GrantLease(_options.LeaseTtlSeconds));
        }
        else
        {
            _writeAgain = false;
            _writeBackAtMs = long.MaxValue;
            Emit(new ElectorEffect.WriteHost(_leaseId, _drained && !_drainedForStop));
        }
    }

    private void OnHostRequestFailed(string what, string reason)
    {
        _hostRequest = false;
        _writeAgain = true;
        _doubt &= _leaseId != 0;
        _hostFailures++;
        _retryHostAtMs = _nowMs + Math.Min(_options.RetryDelayMs << Math.Min(_hostFailures, 2), 1_000);
        if (_hostFailures is 1 or 10 || _hostFailures % 100 == 0)
            Notice(NoticeLevel.Warning, null, $"{what}: {reason}");
    }

    private void HostRequestSucceeded()
    {
        _hostRequest = false;
        _hostFailures = 0;
        _retryHostAtMs = _nowMs;
    }

    private void OnHostLoaded(ElectorInput.HostLoaded input)
    {
        HostRequestSucceeded();
        if (_phase != Phase.Loading)
            return;
        _everAnswered = true;
        _lastAnswerMs = _nowMs;
        _drained = input.Drained;
        // Read again because another had our name: what was there then is not what is there now.
        foreach (Endpoint endpoint in _byId.Values)
            endpoint.Gone = true;
        _byId.Clear();
        _byKey.Clear();
        foreach (EndpointSpec spec in input.Endpoints)
        {
            var endpoint = new Endpoint(spec) { MustObserve = true };
            _byId[spec.Id] = endpoint;
            _byKey[spec.Key] = endpoint;
        }

        MeetPredecessor(input);
    }

    /// <param name="formerLease">A lease to go on with; null: none.</param>
    private void Join(long? formerLease)
    {
        _phase = Phase.Joining;
        _foreign = null;
        _lastAnswerMs = _nowMs;
        if (formerLease is long lease and not 0)
        {
            _leaseId = lease;
            _leaseConfirmed = false;
            _leaseIsAdopted = true;
            Renew();
        }
    }

    private void OnHostWritten(ElectorInput.HostWritten input)
    {
        HostRequestSucceeded();
        _writtenRevision = input.Revision;
        if (_phase != Phase.Joining)
        {
            // An older revision than that of our first write is another history's (etcd was wiped or restored).
            _joinedRevision = Math.Min(_joinedRevision, input.Revision);
            return;
        }

        _joinedRevision = input.Revision;
        ElectorInput.AgentKeyChanged? objection = _foreign?.Revision > input.Revision ? _foreign : null;
        if (objection == null && !_predecessorMayLive)
        {
            StartServing();
            return;
        }

        _phase = Phase.Probation;
        _probationEndMs = _nowMs + _options.ProbationMs;
        if (objection != null)
            OnObjection(objection);
    }

    private void StartServing()
    {
        _phase = Phase.Serving;
        if (_predecessorMayLive)
        {
            Notice(
                NoticeLevel.Info, null,
                $"whether the last agent of this name (instance {_predecessor}) has ended is not known; serving with a lease of our own, what it held is free when its lease ends");
        }

        _auditAtMs = _nowMs + Jitter(_options.AuditIntervalMs);
        ReconcileAll();
    }
}
