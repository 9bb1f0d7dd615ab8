namespace Link.Core.Election;

/// <summary>Planned moves: failover and drain.</summary>
internal sealed partial class Elector
{
    private bool _drainedForStop;
    private long _drainCommandId;
    private readonly List<string> _drainFailures = [];

    /// <summary>What the drain ends with if there are failures.</summary>
    private AnswerStatus _drainFailure;
    private int _drainPending;

    /// <summary>When a drained host offers again what nobody took. With release, each offer is a gap.</summary>
    private static long DrainRetryMs(Endpoint endpoint) => endpoint.Spec.Policy == EtcdLossPolicy.Release ? 600_000 : 30_000;

    private void OnFailover(ElectorInput.Failover input)
    {
        if (FindFor(input.CommandId, input.EndpointId) is not { } endpoint)
            return;

        string? refusal =
            !HasLock(endpoint) || endpoint.State != EndpointState.Activated
                ? endpoint.Lock is { } theirs && !HasLock(endpoint) ? $"this host does not hold the endpoint; {theirs.Holder} does" : "this host does not hold the endpoint"
            : endpoint.Removing ? "the endpoint is being deleted"
            : endpoint.HandOver != null ? "a failover of this endpoint is under way"
            : endpoint.Others.Length == 0 ? $"no other host competes for {endpoint.Spec.Key}"
            : input.ToHost == _options.Hostname ? $"{input.ToHost} is this host, which holds the endpoint"
            : input.ToHost != null && Array.BinarySearch(endpoint.Others, input.ToHost, StringComparer.Ordinal) < 0
                ? $"{input.ToHost} does not compete for {endpoint.Spec.Key}; {string.Join(", ", endpoint.Others)} would"
            : input.ToHost != null && input.ToLeaseId == _leaseId ? $"the agent key of {input.ToHost} carries this host's lease: somebody wrote it by hand"
            : input.ToHost != null && input.ToLeaseId == 0 ? $"{input.ToHost} runs no agent that can be handed a lock; without --to any host may take it"
            : null;
        if (refusal != null)
        {
            Answer(input.CommandId, AnswerStatus.Refused, refusal);
            return;
        }

        StartHandOver(endpoint, new HandOver { CommandId = input.CommandId, ToHost = input.ToHost, ToLeaseId = input.ToLeaseId });
        Reconcile(endpoint);
    }

    private void StartHandOver(Endpoint endpoint, HandOver handOver)
    {
        handOver.DeadlineMs = _nowMs + CommandDeadlineMs;
        endpoint.HandOver = handOver;
        // Neighbours must not hear from the old holder after the new one has announced.
        if (endpoint.State == EndpointState.Activated)
            Emit(new ElectorEffect.Silence(endpoint.Id));
    }

    /// <summary>etcd went silent before the lock could be given away, or before it said who took it.</summary>
    private void GiveUpHandOver(Endpoint endpoint)
    {
        if (endpoint.HandOver is not { } handOver)
            return;
        if (_nowMs < handOver.DeadlineMs)
        {
            WakeEndpointAt(endpoint, handOver.DeadlineMs);
            return;
        }

        bool known = handOver.Given && endpoint.LockKnown;
        if (!known && !IsGiving(endpoint))
            GiveUp(endpoint, handOver, AnswerStatus.Unavailable, EtcdReason);
    }

    /// <summary>The endpoint stays, until etcd says otherwise.</summary>
    private void GiveUp(Endpoint endpoint, HandOver handOver, AnswerStatus status, string reason)
    {
        endpoint.HandOver = null;
        endpoint.DrainRetryAtMs = _nowMs + DrainRetryMs(endpoint);
        Announce(endpoint);
        EndHandOver(handOver, status, reason);
    }

    private void SendHandOver(Endpoint endpoint, HandOver handOver)
    {
        if (handOver.ToHost == null)
            Transact(endpoint, LockOperation.Release);
        else
            Transact(endpoint, LockOperation.HandTo, t => t with { TargetHost = handOver.ToHost, OtherLeaseId = handOver.ToLeaseId });
    }

    /// <summary>Answer to Release or HandTo.</summary>
    private void OnLockGiven(Endpoint endpoint, bool applied)
    {
        if (endpoint.HandOver is not { Given: false } handOver)
            return;
        if (applied)
        {
            handOver.Given = true;
            handOver.DeadlineMs = _nowMs + _options.HandOverMs;
            return;
        }

        GiveUp(endpoint, handOver, AnswerStatus.Refused, handOver.ToHost != null && HasLock(endpoint)
            ? $"{handOver.ToHost} runs no agent that can be handed a lock, or does not compete any more"
            : "the lock changed meanwhile");
    }

    private void EndHandOver(HandOver handOver, AnswerStatus status, string? reason)
    {
        Answer(handOver.CommandId, status, reason);
        if (handOver.OfDrain)
            OnDrained(status, reason);
    }

    private void OnDrain(ElectorInput.Drain input)
    {
        if (!IsPossible(input.CommandId))
            return;

        if (_drainPending > 0)
        {
            Answer(input.CommandId, AnswerStatus.Refused, "a drain is under way");
            return;
        }

        if (!_drained)
            Notice(NoticeLevel.Info, null, "draining: every endpoint is handed over");
        _drained = true;
        _drainedForStop = input.ForStop;
        _writeAgain = true;
        _drainCommandId = input.CommandId;
        _drainFailures.Clear();
        _drainFailure = AnswerStatus.Failed;
        _drainPending = 1;
        foreach (Endpoint endpoint in _byId.Values)
        {
            if (endpoint.Removing || endpoint.State != EndpointState.Activated)
                continue;
            if (endpoint.HandOver is { } underWay)
            {
                // A failover: the drain ends with it.
                underWay.OfDrain = true;
                _drainPending++;
                continue;
            }

            if (!HasLock(endpoint))
            {
                if (!endpoint.LockKnown || endpoint.Lock == null)
                    _drainFailures.Add($"{endpoint.Spec.Key} stays for now: nobody took it, and this host is taking it back");
                continue;
            }

            if (endpoint.Others.Length == 0)
            {
                _drainFailures.Add($"{endpoint.Spec.Key} stays: no other host competes for it");
                continue;
            }

            _drainPending++;
            StartHandOver(endpoint, new HandOver { CommandId = 0, OfDrain = true });
            Reconcile(endpoint);
        }

        OnDrained(AnswerStatus.Done, null);
    }

    private void OnDrained(AnswerStatus status, string? failure)
    {
        if (status != AnswerStatus.Done && failure != null)
            _drainFailures.Add(failure);
        if (status == AnswerStatus.Unavailable)
            _drainFailure = status;
        if (--_drainPending > 0)
            return;
        const int Shown = 5;
        if (_drainFailures.Count == 0)
            Answer(_drainCommandId, AnswerStatus.Done);
        else
            Answer(_drainCommandId, _drainFailure, string.Join("; ", _drainFailures.Take(Shown)) + (_drainFailures.Count > Shown ? $"; and {_drainFailures.Count - Shown} more" : ""));
        _drainCommandId = 0;
    }

    private void OnUndrain(ElectorInput.Undrain input)
    {
        if (!IsPossible(input.CommandId))
            return;

        if (_drained)
            Notice(NoticeLevel.Info, null, "drained no more: competing again");
        _drained = false;
        _writeAgain = true;
        foreach (Endpoint endpoint in _byId.Values)
        {
            endpoint.TakeNotBeforeMs = 0;
            if (endpoint.HandOver is { OfDrain: true } handOver)
                handOver.DeadlineMs = _nowMs;
            Reconcile(endpoint);
        }

        Answer(input.CommandId, AnswerStatus.Done);
    }
}
