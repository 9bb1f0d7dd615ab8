namespace Link.Core.Election;

/// <summary>etcd is silent: policies, the LAN as witness, rivals.</summary>
internal sealed partial class Elector
{
    private void StartAsking()
    {
        _asking = true;
        foreach (Endpoint endpoint in _byId.Values)
        {
            endpoint.AskAtMs = _nowMs + Rank(endpoint) * _options.WitnessStepMs;
            Reconcile(endpoint);
        }
    }

    private void OnEtcdLost()
    {
        _lost = true;
        if (_everAnswered)
            Notice(NoticeLevel.Error, null, $"etcd is lost: no answer for {(_nowMs - _lastAnswerMs) / 1000} s; each endpoint's on_etcd_loss applies");
        ReconcileAll();
    }

    private void OnEtcdBack()
    {
        foreach (Endpoint endpoint in _byId.Values)
        {
            endpoint.Asking = false;
            endpoint.AskAtMs = long.MaxValue;
            endpoint.MustObserve = true;
            if (endpoint.State == EndpointState.Activated)
            {
                endpoint.ClaimGraceUntilMs = _nowMs + _ttlMs + 1_000;
                endpoint.AskAtMs = _nowMs + Rank(endpoint) * _options.WitnessStepMs;
                Announce(endpoint);
            }
            else
            {
                // Whoever has the address takes the lock first: no move without a cause.
                endpoint.TakeNotBeforeMs = Math.Max(endpoint.TakeNotBeforeMs, _nowMs + _options.ReturnDelayMs);
            }

            Reconcile(endpoint);
        }
    }

    /// <summary>Our place among the hosts that might claim the endpoint: all competitors but the last known holder, in order of their names.</summary>
    private int Rank(Endpoint endpoint)
    {
        int rank = 0;
        foreach (string host in endpoint.Others)
        {
            if (string.CompareOrdinal(host, _options.Hostname) < 0 && host != endpoint.Lock?.Holder)
                rank++;
        }

        return rank;
    }

    private long AskCycleMs(Endpoint endpoint) => Math.Max(2, endpoint.Others.Length) * _options.WitnessStepMs;

    private void ReconcileWithoutEtcd(Endpoint endpoint)
    {
        if (endpoint.State is EndpointState.Activated or EndpointState.Failing || endpoint.Spec.Policy != EtcdLossPolicy.Claim || endpoint.Removing || endpoint.Creating || _drained)
            return;
        if (!endpoint.Spec.OnLan)
        {
            if (_lost)
                Claim(endpoint, "etcd is lost");
            return;
        }

        if (endpoint.Asking)
            return;
        if (endpoint.AskAtMs == long.MaxValue)
            endpoint.AskAtMs = _nowMs;
        if (_nowMs < endpoint.AskAtMs)
        {
            WakeEndpointAt(endpoint, endpoint.AskAtMs);
            return;
        }

        endpoint.Asking = true;
        Emit(new ElectorEffect.AskLan(endpoint.Id));
    }

    private void OnLanVerdict(string id, bool silent)
    {
        if (!_byId.TryGetValue(id, out Endpoint? endpoint) || !endpoint.Asking)
            return;
        endpoint.Asking = false;
        endpoint.AskAtMs = _nowMs + AskCycleMs(endpoint);
        if (silent && _asking && !_drained && endpoint is { State: EndpointState.Booting or EndpointState.Standby, Removing: false, Fault: null })
            Claim(endpoint, "etcd is lost and nobody on the LAN answers for the address");
        else
            Reconcile(endpoint);
    }

    /// <summary>
    /// etcd names another holder. If it lives it may have announced when we could not hear it, and LinK's agent never announces again: asked,
    /// its kernel answers, and that is a rival heard. The verdict itself does not count: it may come from somebody who only asks, as we do.
    /// </summary>
    private void ProvokeRival(Endpoint endpoint)
    {
        if (endpoint.Asking || !endpoint.Spec.OnLan || _nowMs < endpoint.AskAtMs)
            return;
        endpoint.Asking = true;
        Emit(new ElectorEffect.AskLan(endpoint.Id));
    }

    private void Claim(Endpoint endpoint, string reason)
    {
        endpoint.ClaimedOnLan = true;
        // What etcd said before it was lost does not count against the claim; what it says when it is back does, after a while.
        endpoint.ClaimGraceUntilMs = long.MaxValue;
        Transition(endpoint, EndpointEvent.Fault, reason);
    }

    private void Defend(Endpoint endpoint)
    {
        if (_nowMs < endpoint.DefendAtMs)
        {
            WakeEndpointAt(endpoint, endpoint.DefendAtMs);
            return;
        }

        endpoint.DefendAtMs = long.MaxValue;
        endpoint.RivalAtMs = _nowMs;
        if (HasLock(endpoint) && endpoint.HandOver == null && !endpoint.Removing)
            Announce(endpoint);
    }

    private void OnRivalHeard(ElectorInput.RivalHeard input)
    {
        if (!_byId.TryGetValue(input.EndpointId, out Endpoint? endpoint) || endpoint.State != EndpointState.Activated)
            return;
        if (endpoint.HandOver != null || endpoint.Removing || endpoint.LetGoAtMs != long.MaxValue)
            return;
        endpoint.Rivals++;
        bool ours = HasLock(endpoint) && _nowMs < _leaseDeadlineMs;
        bool etcdSilent = _nowMs >= _leaseDeadlineMs || _lost;
        if (ours || (!etcdSilent && !endpoint.ClaimedOnLan))
        {
            if (ours)
                NoticeLastingRival(endpoint, input.By);
            if (_nowMs - endpoint.RivalNoticeAtMs >= 10_000)
            {
                endpoint.RivalNoticeAtMs = _nowMs;
                Notice(NoticeLevel.Warning, endpoint, $"{input.By} announces our address; announcing it again");
            }

            // Not at once: it may be a successor whose lock we have not heard of yet.
            if (endpoint.DefendAtMs == long.MaxValue)
                endpoint.DefendAtMs = Math.Max(_nowMs + _options.DefendDelayMs, endpoint.RivalAtMs + 1_000);
            WakeEndpointAt(endpoint, endpoint.DefendAtMs);
            return;
        }

        Notice(NoticeLevel.Warning, endpoint, $"{input.By} announces the address while our claim has no word from etcd: letting go");
        Transition(endpoint, EndpointEvent.Demoted, $"{input.By} has the address");
        endpoint.LockKnown = false;
        endpoint.AskAtMs = _nowMs + AskCycleMs(endpoint) + Rank(endpoint) * _options.WitnessStepMs;
        Reconcile(endpoint);
    }
}
