namespace Link.Core.Election;

/// <summary>The rules: what an endpoint should be, by what is known of its lock, and the next transaction.</summary>
internal sealed partial class Elector
{
    private bool CanTransact => _phase == Phase.Serving && _leaseId != 0 && _leaseConfirmed;

    private bool MayCompete(Endpoint endpoint) =>
        endpoint.Fault == null && !endpoint.Removing && (!_drained || MustHoldThoughDrained(endpoint));

    /// <summary>Nobody else competes, or nobody took the endpoint when it was offered: a drained host is better than none.</summary>
    private bool MustHoldThoughDrained(Endpoint endpoint) =>
        endpoint is { Others.Length: 0, OthersRevision: > 0 } || endpoint.State == EndpointState.Activated || _nowMs < endpoint.DrainRetryAtMs;

    /// <summary>Compares what is known of an endpoint with what should be, and acts. Idempotent; called after every change and at the endpoint's own times.</summary>
    private void Reconcile(Endpoint endpoint)
    {
        if (_phase != Phase.Serving || endpoint.Gone)
            return;
        if (endpoint.RemovedFromEtcd)
        {
            ReconcileRemoved(endpoint);
            return;
        }

        if (endpoint.Fault != null)
            Transition(endpoint, EndpointEvent.HealthCheckFail, endpoint.Fault);
        else if (endpoint.State == EndpointState.Failing)
            Transition(endpoint, EndpointEvent.HealthCheckSuccess, "healthy again");

        CheckExpiry(endpoint);
        GiveUpHandOver(endpoint);
        bool abandoned = endpoint is { Removing: true, State: EndpointState.Booting };
        if (endpoint.LockKnown && !endpoint.Creating && !abandoned && (!_lost || endpoint.HandOver != null || endpoint.LetGoAtMs != long.MaxValue))
        {
            if (HasLock(endpoint))
                ReconcileOurs(endpoint);
            else if (endpoint.Lock == null)
                ReconcileFree(endpoint);
            else if (!HasLockByFormerLease(endpoint) && (!HasLockByOldLease(endpoint) || !MayCompete(endpoint)))
                ReconcileTheirs(endpoint);
        }

        if (endpoint.DefendAtMs != long.MaxValue)
            Defend(endpoint);
        if (_asking)
            ReconcileWithoutEtcd(endpoint);
        ReconcileTransaction(endpoint);
    }

    private void ReconcileOurs(Endpoint endpoint)
    {
        endpoint.ClaimedOnLan = false;
        KeepAfterAll(endpoint);
        if (endpoint.HandOver is { Given: true } handOver)
        {
            // It came back to us: the one that it was meant for gave it up, or somebody handed it to us.
            endpoint.HandOver = null;
            endpoint.DrainRetryAtMs = _nowMs + DrainRetryMs(endpoint);
            Announce(endpoint);
            EndHandOver(handOver, AnswerStatus.Failed, "the lock came back to this host");
        }

        if (_drained && endpoint is { HandOver: null, Removing: false, Others.Length: > 0 })
        {
            if (_nowMs >= endpoint.DrainRetryAtMs)
                StartHandOver(endpoint, new HandOver { CommandId = 0 });
            else
                WakeEndpointAt(endpoint, endpoint.DrainRetryAtMs);
        }

        if (IsGivingAway(endpoint))
        {
            // At most one: another host may have the lock, and the address, before our transaction's answer is here.
            if (endpoint.Spec.Policy == EtcdLossPolicy.Release)
                Transition(endpoint, EndpointEvent.Demoted, "letting go before another host may take it");
            return;
        }

        if (!MayActivate(endpoint))
            return;
        Transition(endpoint, EndpointEvent.Elected, "elected");
    }

    /// <summary>The lock that we know as ours may be another's by now, by our own wish.</summary>
    private static bool IsGivingAway(Endpoint endpoint) =>
        endpoint.HandOver != null || endpoint.Removing || IsGiving(endpoint);

    /// <summary>The transaction that gives the lock away is under way.</summary>
    private static bool IsGiving(Endpoint endpoint) => IsUnderWay(endpoint, LockOperation.Release) || IsUnderWay(endpoint, LockOperation.HandTo);

    private static bool IsUnderWay(Endpoint endpoint, LockOperation operation) => endpoint.Token != 0 && endpoint.Operation == operation;

    private void ReconcileFree(Endpoint endpoint)
    {
        if (endpoint.HandOver is { Given: true } handOver)
        {
            bool refused = (handOver.ToHost != null || endpoint.LetGoAtMs != long.MaxValue) && endpoint.Fault == null;
            if (!refused && _nowMs < handOver.DeadlineMs && endpoint.Fault == null)
            {
                WakeEndpointAt(endpoint, handOver.DeadlineMs);
                return;
            }

            endpoint.HandOver = null;
            endpoint.TakeNotBeforeMs = 0;
            endpoint.DrainRetryAtMs = _nowMs + DrainRetryMs(endpoint);
            Announce(endpoint);
            EndHandOver(handOver, AnswerStatus.Failed, refused
                ? $"{handOver.ToHost ?? "the successor"} gave the lock back: it cannot hold the endpoint now"
                : endpoint.Fault != null ? $"this host failed meanwhile ({endpoint.Fault}) and no other has taken the lock yet"
                : $"no other host took the lock within {_options.HandOverMs} ms; this host keeps it");
        }

        KeepAfterAll(endpoint);
        if (endpoint.State == EndpointState.Activated && endpoint.Spec.Policy == EtcdLossPolicy.Release)
            Transition(endpoint, EndpointEvent.Demoted, "the lock is lost");
    }

    private void ReconcileTheirs(Endpoint endpoint)
    {
        LockView theirs = endpoint.Lock!.Value;
        // The news of the successor's lock may come before the answer to the transaction that let it have the lock.
        if (endpoint.HandOver is { Given: false } given && IsGiving(endpoint))
            given.Given = true;
        if (endpoint.HandOver is { Given: false } interrupted)
        {
            endpoint.HandOver = null;
            EndHandOver(interrupted, AnswerStatus.Refused, "the lock changed meanwhile");
        }

        if (endpoint is { HandOver: null, ClaimedOnLan: true, State: EndpointState.Activated } && _nowMs < endpoint.ClaimGraceUntilMs)
        {
            ProvokeRival(endpoint);
            WakeEndpointAt(endpoint, Math.Min(endpoint.ClaimGraceUntilMs, endpoint.Asking ? long.MaxValue : endpoint.AskAtMs));
            return;
        }

        if (WaitsForSuccessor(endpoint))
            return;
        HandOver? done = endpoint.HandOver;
        endpoint.HandOver = null;
        Transition(endpoint, EndpointEvent.Demoted, done != null ? $"handed over to {theirs.Holder}" : $"{theirs.Holder} holds the lock");
        if (done != null)
            EndHandOver(done, AnswerStatus.Done, null);
    }

    /// <summary>
    /// Make before break: another host has the lock, but its address and the news of it are a moment later. We keep ours for that moment,
    /// in silence, unless the policy says that never two may have it.
    /// </summary>
    private bool WaitsForSuccessor(Endpoint endpoint)
    {
        if (endpoint.State != EndpointState.Activated || endpoint.Spec.Policy == EtcdLossPolicy.Release || _doubt)
            return false;
        if (endpoint.LetGoAtMs == long.MaxValue)
        {
            endpoint.LetGoAtMs = _nowMs + _options.LetGoDelayMs;
            Emit(new ElectorEffect.Silence(endpoint.Id));
        }

        if (_nowMs >= endpoint.LetGoAtMs)
            return false;
        WakeEndpointAt(endpoint, endpoint.LetGoAtMs);
        return true;
    }

    /// <summary>The successor has lost the lock before we let go.</summary>
    private void KeepAfterAll(Endpoint endpoint)
    {
        if (endpoint.LetGoAtMs == long.MaxValue)
            return;
        endpoint.LetGoAtMs = long.MaxValue;
        Announce(endpoint);
    }

    /// <summary>Sends at most one transaction: the most important that is due.</summary>
    private void ReconcileTransaction(Endpoint endpoint)
    {
        if (endpoint.Token != 0)
            return;
        if (endpoint.Creating && _nowMs >= endpoint.CreateDeadlineMs)
            GiveUpCreating(endpoint);
        if (endpoint.Removing && _nowMs >= endpoint.RemoveDeadlineMs)
            AnswerRemovalLater(endpoint);
        WakeEndpointAt(endpoint, Math.Min(endpoint.CreateDeadlineMs, endpoint.RemoveDeadlineMs));
        if (!CanTransact)
            return;
        if (_nowMs < endpoint.RetryAtMs)
        {
            WakeEndpointAt(endpoint, endpoint.RetryAtMs);
            return;
        }

        bool free = endpoint is { LockKnown: true, Lock: null };
        bool mayTake = MayCompete(endpoint) && endpoint.HandOver is not { Given: true };
        bool takeNow = mayTake && (_nowMs >= endpoint.TakeNotBeforeMs || endpoint.State == EndpointState.Activated);
        if (_nowMs >= endpoint.CompeteAgainAtMs)
        {
            endpoint.CompeteAgainAtMs = long.MaxValue;
            endpoint.MustObserve = true;
        }

        WakeEndpointAt(endpoint, endpoint.CompeteAgainAtMs);
        if (HasLockByFormerLease(endpoint))
            Transact(endpoint, LockOperation.Inherit, t => t with { OtherLeaseId = endpoint.FormerLeaseId, SeenRevision = endpoint.FormerRevision });
        else if (endpoint.Creating)
            Transact(endpoint, takeNow ? LockOperation.Create : LockOperation.CreateOnly);
        else if (endpoint.Removing)
            Transact(endpoint, LockOperation.Remove);
        else if (HasLock(endpoint) && endpoint.State == EndpointState.Failing)
            Transact(endpoint, LockOperation.Release);
        else if (HasLock(endpoint) && endpoint.HandOver is { Given: false } handOver)
            SendHandOver(endpoint, handOver);
        else if (endpoint.RecordDoubtful)
            Transact(endpoint, takeNow ? LockOperation.Create : LockOperation.CreateOnly);
        else if (free && takeNow)
            Transact(endpoint, LockOperation.Take);
        else if (mayTake && HasLockByOldLease(endpoint))
            Transact(endpoint, LockOperation.Inherit, t => t with { OtherLeaseId = endpoint.Spec.OldLeaseId, SeenRevision = endpoint.Lock!.Value.Revision });
        else if (!endpoint.LockKnown || endpoint.MustObserve)
            Transact(endpoint, takeNow ? LockOperation.Take : LockOperation.Observe);
        else if (endpoint.Lock is { } theirs && _nowMs >= endpoint.TakeFromDeadAtMs)
            TakeFromDead(endpoint, theirs, mayTake);
        else if (free && mayTake)
            WakeEndpointAt(endpoint, endpoint.TakeNotBeforeMs);
        else if (endpoint.TakeFromDeadAtMs > _nowMs)
            WakeEndpointAt(endpoint, endpoint.TakeFromDeadAtMs);
    }
}
