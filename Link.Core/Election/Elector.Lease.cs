namespace Link.Core.Election;

/// <summary>The lease: renewals, their answers and their absence, pauses.</summary>
internal sealed partial class Elector
{
    private void Renew()
    {
        _renewing = true;
        _renewAtMs = _nowMs + _options.KeepAliveIntervalMs;
        // Counts from the first renewal without an answer, however often it is repeated.
        _silenceAtMs = Math.Min(_silenceAtMs, _nowMs + AnswerTimeMs);
        Emit(new ElectorEffect.RenewLease(_leaseId));
    }

    private void OnLeaseGranted(ElectorInput.LeaseGranted input)
    {
        HostRequestSucceeded();
        // Asked for before another was found to have our name.
        if (_phase is Phase.Loading or Phase.Aside)
            return;
        if (_leavingLease && _leaseId != 0)
            CarryLocksOver();
        _leavingLease = false;
        _leaseId = input.LeaseId;
        _leaseIsAdopted = false;
        _renewing = false;
        _renewAtMs = input.SentAtMs + _options.KeepAliveIntervalMs;
        _writeAgain = true;
        OnLeaseAnswered(input.TtlSeconds, input.SentAtMs);
        foreach (Endpoint endpoint in _byId.Values)
        {
            endpoint.MustObserve = true;
            Reconcile(endpoint);
        }
    }

    private void OnLeaseRenewed(ElectorInput.LeaseRenewed input)
    {
        if (input.LeaseId != _leaseId)
            return;
        _renewing = false;
        OnLeaseAnswered(input.TtlSeconds, input.SentAtMs);
    }

    private void OnLeaseAnswered(int ttlSeconds, long sentAtMs)
    {
        bool wasAsking = _asking;
        if (_lost || _lastRenewalFailed)
            Notice(NoticeLevel.Info, null, "etcd answers again");
        if (_nowMs >= _leaseDeadlineMs)
            ForgetLocks();
        _leaseConfirmed = true;
        _noted = null;
        _everAnswered = true;
        _ttlMs = ttlSeconds * 1000L;
        _leaseDeadlineMs = Math.Max(_leaseDeadlineMs, sentAtMs + _ttlMs);
        _lastAnswerMs = Math.Max(_lastAnswerMs, sentAtMs);
        _lastRenewalFailed = false;
        _lost = false;
        _asking = false;
        // An answer to a renewal that was sent before the pause says nothing about now.
        _doubt &= sentAtMs < _doubtSinceMs;
        _releaseDone = false;
        _silenceAtMs = long.MaxValue;
        if (_leaseIsAdopted && ttlSeconds > 4 * _options.LeaseTtlSeconds + 60)
            LeaveLease($"it lasts {ttlSeconds} s, we would ask for {_options.LeaseTtlSeconds} s");
        if (wasAsking)
            OnEtcdBack();
        if (_phase != Phase.Serving)
            return;
        foreach (Endpoint endpoint in _byId.Values)
        {
            // What was let go, or could not be activated, for want of a lease, and what is not known any more.
            if (!endpoint.LockKnown || (endpoint.State is EndpointState.Booting or EndpointState.Standby && HasLock(endpoint)))
                Reconcile(endpoint);
        }

        if (!_doubt)
            ProlongAll(withoutEtcd: false);
    }

    /// <summary>Our lease lives, but it might have ended: what we knew of the locks is not true any more just because of that.</summary>
    private void ForgetLocks()
    {
        foreach (Endpoint endpoint in _byId.Values)
        {
            endpoint.LockKnown = false;
            endpoint.MustObserve = true;
        }
    }

    private void OnLeaseRenewalFailed(ElectorInput.LeaseRenewalFailed input)
    {
        if (input.LeaseId != _leaseId)
            return;
        _renewing = false;
        if (!_lastRenewalFailed)
            Notice(NoticeLevel.Warning, null, $"etcd does not answer: {input.Reason}");
        _lastRenewalFailed = true;
        _doubt = false;
        // Another member may answer: try again soon, not after a whole interval.
        _renewAtMs = Math.Min(_renewAtMs, _nowMs + Math.Min(_options.KeepAliveIntervalMs, Math.Max(_options.RetryDelayMs, _options.KeepAliveIntervalMs / 6)));
    }

    /// <summary>etcd says that the lease is gone, and with it every lock that it carried.</summary>
    private void OnLeaseGone(ElectorInput.LeaseGone input)
    {
        if (input.LeaseId != _leaseId)
            return;
        _renewing = false;
        _leaseId = 0;
        _leavingLease = false;
        _leaveLeaseAtMs = long.MaxValue;
        _leaseConfirmed = false;
        _leaseDeadlineMs = _nowMs;
        _retryHostAtMs = _nowMs;
        _silenceAtMs = Math.Min(_silenceAtMs, _nowMs + AnswerTimeMs);
        _lastRenewalFailed = false;
        if (_phase == Phase.Serving)
            Notice(NoticeLevel.Warning, null, "the lease is gone; getting another and competing anew");
        foreach (Endpoint endpoint in _byId.Values)
        {
            endpoint.LockKnown = false;
            endpoint.MustObserve = true;
            endpoint.RecordDoubtful = true;
            if (endpoint.LetGoAtMs != long.MaxValue)
                Transition(endpoint, EndpointEvent.Demoted, "another host holds the lock");
            if (endpoint.Spec.Policy == EtcdLossPolicy.Release && endpoint.State == EndpointState.Activated)
                Transition(endpoint, EndpointEvent.Demoted, "the lease is gone");
        }

        if (_phase == Phase.Joining && _noted is { } loaded)
            MeetPredecessor(loaded with { LeaseId = null, LeaseIsOurs = false });
    }

    /// <summary>The process slept (a paused machine, SIGSTOP): somebody may have taken over. Ask before anything is prolonged.</summary>
    private void OnPause()
    {
        if (_phase != Phase.Serving)
            return;
        _doubt = true;
        _doubtSinceMs = _nowMs;
        _deafUntilMs = _nowMs + HearAgainMs;
        _renewAtMs = _nowMs;
        _renewing = false;
        // What was due during the pause is not a failure of etcd.
        if (!_lost)
            _lastAnswerMs = Math.Max(_lastAnswerMs, _nowMs - _options.KeepAliveIntervalMs);
        ForgetLocks();
    }

    private void LetGoBeforeExpiry()
    {
        _releaseDone = true;
        foreach (Endpoint endpoint in _byId.Values)
        {
            if (endpoint.Spec.Policy == EtcdLossPolicy.Release && endpoint.State == EndpointState.Activated)
                Transition(endpoint, EndpointEvent.Demoted, "etcd does not answer and the lease is about to expire");
        }
    }
}
