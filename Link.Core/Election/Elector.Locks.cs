namespace Link.Core.Election;

/// <summary>Locks: what etcd says of them, and the transactions on them.</summary>
internal sealed partial class Elector
{
    /// <summary>How long after it was deleted our <c>/link/ips</c> key is written again.</summary>
    private const long CompeteAgainMs = 1_000;

    /// <summary>The latest revision that etcd told of.</summary>
    private long _revision;

    private void OnWatchStarted(ElectorInput.WatchStarted input)
    {
        foreach (Endpoint endpoint in _byId.Values)
        {
            endpoint.MustObserve = true;
            Reconcile(endpoint);
        }

        MeetNamesakeAgain();
    }

    /// <summary>
    /// etcd's data was wiped or restored, and revisions start anew: a transaction ran at an older revision than we knew of when it was sent,
    /// which cannot be otherwise, for transactions are linearizable. (The news of a watch could be those of a member that lags.)
    /// </summary>
    private void ForgetHistory(long revision)
    {
        _revision = revision;
        foreach (Endpoint endpoint in _byId.Values)
        {
            endpoint.LockKnown = false;
            endpoint.LockRevision = 0;
            endpoint.OthersRevision = 0;
            endpoint.SentRevision = 0;
            endpoint.RecordDoubtful = true;
            endpoint.MustObserve = true;
        }
    }

    private void OnLock(string key, LockView? value, long revision)
    {
        _revision = Math.Max(_revision, revision);
        if (!_byKey.TryGetValue(key, out Endpoint? endpoint))
        {
            GiveUpStray(key, value);
            return;
        }

        if (revision <= endpoint.LockRevision)
            return;
        SetLock(endpoint, value, revision);
        NoticeSharedLease(endpoint);
        Reconcile(endpoint);
    }

    private void OnCompetitorChanged(ElectorInput.CompetitorChanged input)
    {
        _revision = Math.Max(_revision, input.Revision);
        if (!_byKey.TryGetValue(input.Key, out Endpoint? endpoint) || input.Revision <= endpoint.OthersRevision)
            return;
        if (input.Host == _options.Hostname)
        {
            if (!input.Present)
                CompeteAgain(endpoint);
            return;
        }

        endpoint.OthersRevision = input.Revision;
        int at = Array.BinarySearch(endpoint.Others, input.Host, StringComparer.Ordinal);
        if (at >= 0 == input.Present)
            return;
        SetOthers(endpoint, input.Present ? [.. endpoint.Others[..~at], input.Host, .. endpoint.Others[~at..]] : [.. endpoint.Others[..at], .. endpoint.Others[(at + 1)..]]);
        Reconcile(endpoint);
    }

    private void OnCompetitorsRead(ElectorInput.CompetitorsRead input)
    {
        if (!_byKey.TryGetValue(input.Key, out Endpoint? endpoint))
            return;
        SetOthers(endpoint, input.Competitors, input.Revision);
        Reconcile(endpoint);
    }

    /// <summary>Somebody deleted our key: without it others take themselves for alone. Not at once: it may be deleted again.</summary>
    private void CompeteAgain(Endpoint endpoint)
    {
        if (endpoint.Creating || endpoint.Removing || endpoint.RemovedFromEtcd || endpoint.CompeteAgainAtMs != long.MaxValue)
            return;
        endpoint.CompeteAgainAtMs = _nowMs + Jitter(CompeteAgainMs);
        WakeEndpointAt(endpoint, endpoint.CompeteAgainAtMs);
    }

    private static void SetLock(Endpoint endpoint, LockView? value, long revision)
    {
        endpoint.LockKnown = true;
        endpoint.Lock = value;
        endpoint.LockRevision = revision;
    }

    private static bool Takes(LockOperation operation) =>
        operation is LockOperation.Take or LockOperation.Create or LockOperation.TakeFromDead or LockOperation.Inherit;

    /// <summary>Somebody gave us the lock of what we do not have (a namesake may): our lease would keep it from everybody for good.</summary>
    private void GiveUpStray(string key, LockView? value)
    {
        if (_phase == Phase.Serving && _leaseId != 0 && value is { } stray && stray.LeaseId == _leaseId && stray.Holder == _options.Hostname)
            Emit(new ElectorEffect.DropLock(key, stray.LeaseId, stray.Revision));
    }

    private void NoticeSharedLease(Endpoint endpoint)
    {
        if (_leaseId != 0 && endpoint.Lock is { } held && held.LeaseId == _leaseId && held.Holder != _options.Hostname)
            LeaveLease($"the lock of {endpoint.Spec.Key} carries it and names another host");
    }

    private void SetOthers(Endpoint endpoint, IReadOnlyList<string> competitors, long revision)
    {
        if (revision < endpoint.OthersRevision)
            return;
        endpoint.OthersRevision = revision;
        if (!competitors.Contains(_options.Hostname))
            CompeteAgain(endpoint);
        SetOthers(endpoint, [.. competitors.Where(host => host != _options.Hostname).Order(StringComparer.Ordinal)]);
    }

    private void SetOthers(Endpoint endpoint, string[] others)
    {
        bool before = OthersCompete(endpoint);
        endpoint.Others = others;
        if (before != OthersCompete(endpoint) && endpoint is { State: EndpointState.Activated, Spec.Policy: not EtcdLossPolicy.Release })
            Extend(endpoint, LifetimeSeconds(endpoint));
    }

    private void Transact(Endpoint endpoint, LockOperation operation, Func<LockTransaction, LockTransaction>? with = null)
    {
        endpoint.Token = ++_lastToken;
        endpoint.Operation = operation;
        endpoint.SentRevision = _revision;
        endpoint.SentLeaseId = _leaseId;
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
        bool anotherHistory = input.Revision < endpoint.SentRevision;
        if (anotherHistory)
            ForgetHistory(input.Revision);
        _revision = Math.Max(_revision, input.Revision);
        SetOthers(endpoint, input.Competitors, input.Revision);
        // News of the same revision is this transaction's own event.
        if (input.Revision >= endpoint.LockRevision || !endpoint.LockKnown)
            SetLock(endpoint, input.Lock, input.Revision);
        // Taken with a lease that we have left since.
        if (input.Applied && Takes(endpoint.Operation) && endpoint.SentLeaseId != _leaseId && input.Lock is { } taken && taken.LeaseId == endpoint.SentLeaseId)
            RememberFormerLock(endpoint, taken);
        NoticeSharedLease(endpoint);
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
        if (anotherHistory)
            ReconcileAll();
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
}
