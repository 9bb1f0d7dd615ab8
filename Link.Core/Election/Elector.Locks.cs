namespace Link.Core.Election;

/// <summary>Locks: what etcd says of them, and what follows.</summary>
internal sealed partial class Elector
{
    /// <summary>The latest revision that the watches told of.</summary>
    private long _watchRevision;

    private bool CanTransact => _phase == Phase.Serving && _leaseId != 0 && _leaseConfirmed;

    private bool MayCompete(Endpoint endpoint) =>
        endpoint.Fault == null && !endpoint.Removing && (!_drained || endpoint is { Others.Length: 0, OthersRevision: > 0 });

    private void OnWatchStarted(ElectorInput.WatchStarted input)
    {
        bool anotherHistory = input.Revision < _watchRevision;
        _watchRevision = input.Revision;
        foreach (Endpoint endpoint in _byId.Values)
        {
            if (anotherHistory)
            {
                // etcd's data was wiped or restored: revisions start anew.
                endpoint.LockKnown = false;
                endpoint.LockRevision = 0;
                endpoint.OthersRevision = 0;
                endpoint.RecordDoubtful = true;
            }

            if (endpoint.LockKnown && endpoint.LockRevision >= input.Revision)
                continue;
            endpoint.MustObserve = true;
            Reconcile(endpoint);
        }

        MeetNamesakeAgain();
    }

    private void OnLock(string key, LockView? value, long revision)
    {
        _watchRevision = Math.Max(_watchRevision, revision);
        if (!_byKey.TryGetValue(key, out Endpoint? endpoint) || revision <= endpoint.LockRevision)
            return;
        SetLock(endpoint, value, revision);
        Reconcile(endpoint);
    }

    private void OnCompetitorChanged(ElectorInput.CompetitorChanged input)
    {
        if (!_byKey.TryGetValue(input.Key, out Endpoint? endpoint) || input.Revision <= endpoint.OthersRevision || input.Host == _options.Hostname)
            return;
        endpoint.OthersRevision = input.Revision;
        int at = Array.BinarySearch(endpoint.Others, input.Host, StringComparer.Ordinal);
        if (at >= 0 == input.Present)
            return;
        SetOthers(endpoint, input.Present ? [.. endpoint.Others[..~at], input.Host, .. endpoint.Others[~at..]] : [.. endpoint.Others[..at], .. endpoint.Others[(at + 1)..]]);
        Reconcile(endpoint);
    }

    private static void SetLock(Endpoint endpoint, LockView? value, long revision)
    {
        endpoint.LockKnown = true;
        endpoint.Lock = value;
        endpoint.LockRevision = revision;
    }

    private void SetOthers(Endpoint endpoint, string[] others)
    {
        bool lifetimeChanges = endpoint.Others.Length == 0 != (others.Length == 0);
        endpoint.Others = others;
        if (lifetimeChanges && endpoint is { State: EndpointState.Activated, Spec.Policy: not EtcdLossPolicy.Release })
            Emit(new ElectorEffect.Extend(endpoint.Id, LifetimeSeconds(endpoint)));
    }

    // ---- transactions ----------------------------------------------------------------------------

    private void Transact(Endpoint endpoint, LockOperation operation, Func<LockTransaction, LockTransaction>? with = null)
    {
        endpoint.Token = ++_lastToken;
        endpoint.Operation = operation;
        endpoint.MustObserve = false;
        _byToken[endpoint.Token] = endpoint;
        var transaction = new LockTransaction(endpoint.Token, endpoint.Id, endpoint.Spec.Key, operation, _leaseId);
        Emit(new ElectorEffect.Transact(with == null ? transaction : with(transaction)));
    }

    private void OnTransacted(ElectorInput.Transacted input)
    {
        if (!_byToken.Remove(input.Token, out Endpoint? endpoint) || endpoint.Token != input.Token)
            return;
        endpoint.Token = 0;
        endpoint.Failures = 0;
        endpoint.RetryAtMs = 0;
        if (input.Revision >= endpoint.OthersRevision)
        {
            endpoint.OthersRevision = input.Revision;
            SetOthers(endpoint, [.. input.Competitors.Where(host => host != _options.Hostname).Order(StringComparer.Ordinal)]);
        }

        // News of the same revision is this transaction's own event.
        if (input.Revision >= endpoint.LockRevision || !endpoint.LockKnown)
            SetLock(endpoint, input.Lock, input.Revision);
        switch (endpoint.Operation)
        {
            case LockOperation.Create or LockOperation.CreateOnly:
                endpoint.Creating = false;
                endpoint.RecordDoubtful = false;
                endpoint.CreateDeadlineMs = long.MaxValue;
                break;
            case LockOperation.Release or LockOperation.HandTo:
                OnLockGiven(endpoint, input.Applied);
                break;
            case LockOperation.Remove:
                OnRemoved(endpoint, input.Applied);
                break;
        }

        Reconcile(endpoint);
        if (endpoint.CreateCommandId != 0 && !endpoint.Creating)
        {
            Answer(endpoint.CreateCommandId, AnswerStatus.Done);
            endpoint.CreateCommandId = 0;
        }
    }

    private void OnTransactionFailed(ElectorInput.TransactionFailed input)
    {
        if (!_byToken.Remove(input.Token, out Endpoint? endpoint) || endpoint.Token != input.Token)
            return;
        endpoint.Token = 0;
        endpoint.MustObserve = true;
        endpoint.Failures++;
        if (endpoint.Operation is LockOperation.Release or LockOperation.HandTo or LockOperation.Remove)
            endpoint.LockKnown = false;
        endpoint.RetryAtMs = _nowMs + Jitter(Math.Min(_options.RetryDelayMs << Math.Min(endpoint.Failures - 1, 6), Math.Max(_options.RetryDelayMs, _options.KeepAliveIntervalMs)));
        if (endpoint.Operation is LockOperation.Release or LockOperation.HandTo && endpoint.HandOver is { Given: false } handOver)
        {
            // Whether the lock is given is unknown; looking again takes it back if it is.
            GiveUp(endpoint, handOver, AnswerStatus.Unavailable, $"etcd did not answer: {input.Reason}");
        }

        Reconcile(endpoint);
    }

    // ---- the rules -------------------------------------------------------------------------------

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

        GiveUpHandOver(endpoint);
        bool abandoned = endpoint is { Removing: true, State: EndpointState.Booting };
        if (endpoint.LockKnown && !endpoint.Creating && !abandoned && (!_lost || endpoint.HandOver != null))
        {
            if (HasLock(endpoint))
                ReconcileOurs(endpoint);
            else if (endpoint.Lock == null)
                ReconcileFree(endpoint);
            else
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
        if (endpoint.HandOver is { Given: true } handOver)
        {
            // It came back to us: the one that it was meant for gave it up, or somebody handed it to us.
            endpoint.HandOver = null;
            endpoint.DrainRetryAtMs = _nowMs + DrainRetryMs;
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
            bool refused = handOver.ToHost != null && endpoint.Fault == null;
            if (!refused && _nowMs < handOver.DeadlineMs && endpoint.Fault == null)
            {
                handOver.LetGoAtMs = long.MaxValue;
                WakeEndpointAt(endpoint, handOver.DeadlineMs);
                return;
            }

            endpoint.HandOver = null;
            endpoint.TakeNotBeforeMs = 0;
            endpoint.DrainRetryAtMs = _nowMs + DrainRetryMs;
            Announce(endpoint);
            EndHandOver(handOver, AnswerStatus.Failed, refused
                ? $"{handOver.ToHost} gave the lock back: it cannot hold the endpoint now"
                : endpoint.Fault != null ? $"this host failed meanwhile ({endpoint.Fault}) and no other has taken the lock yet"
                : $"no other host took the lock within {_options.HandOverMs} ms; this host keeps it");
        }

        if (endpoint.State == EndpointState.Activated && endpoint.Spec.Policy == EtcdLossPolicy.Release)
            Transition(endpoint, EndpointEvent.Demoted, "the lock is lost");
    }

    private void ReconcileTheirs(Endpoint endpoint)
    {
        LockView theirs = endpoint.Lock!.Value;
        // The news of the successor's lock may come before the answer to the transaction that let it have the lock.
        if (IsUnderWay(endpoint, LockOperation.Remove) && endpoint is { State: EndpointState.Activated, HandOver: null })
            endpoint.HandOver = new HandOver { CommandId = 0, Given = true };
        if (endpoint.HandOver is { Given: false } given && IsGiving(endpoint))
            given.Given = true;
        if (endpoint.HandOver is { Given: true } handOver)
        {
            if (endpoint.State == EndpointState.Activated)
            {
                handOver.LetGoAtMs = Math.Min(handOver.LetGoAtMs, _nowMs + _options.LetGoDelayMs);
                if (_nowMs < handOver.LetGoAtMs)
                {
                    WakeEndpointAt(endpoint, handOver.LetGoAtMs);
                    return;
                }
            }

            endpoint.HandOver = null;
            Transition(endpoint, EndpointEvent.Demoted, $"handed over to {theirs.Holder}");
            EndHandOver(handOver, AnswerStatus.Done, null);
            return;
        }

        if (endpoint.HandOver is { } interrupted)
        {
            endpoint.HandOver = null;
            EndHandOver(interrupted, AnswerStatus.Refused, "the lock changed meanwhile");
        }

        if (endpoint is { ClaimedOnLan: true, State: EndpointState.Activated } && _nowMs < endpoint.ClaimGraceUntilMs)
        {
            WakeEndpointAt(endpoint, endpoint.ClaimGraceUntilMs);
            return;
        }

        Transition(endpoint, EndpointEvent.Demoted, $"{theirs.Holder} holds the lock");
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
        if (endpoint.Creating)
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
