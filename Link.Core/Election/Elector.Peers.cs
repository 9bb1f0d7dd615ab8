namespace Link.Core.Election;

/// <summary>Peers' liveness, as heartbeats tell it: a holder that is dead loses its lock by a transaction, not by its lease's end.</summary>
internal sealed partial class Elector
{
    /// <summary>A host that could not hear (it was paused, its interface was down) does not take its silence for others' death until it has heard again.</summary>
    private const long HearAgainMs = 1_000;

    private long _deafUntilMs = long.MinValue / 2;
    private readonly SortedSet<string> _alive = new(StringComparer.Ordinal);

    private void OnPeerAlive(string host)
    {
        if (!_alive.Add(host))
            return;
        foreach (Endpoint endpoint in _byId.Values)
        {
            if (endpoint.Lock?.Holder == host)
                endpoint.TakeFromDeadAtMs = long.MaxValue;
        }
    }

    private void OnPeerDead(string host)
    {
        _alive.Remove(host);
        if (_nowMs < _deafUntilMs)
            return;
        foreach (Endpoint endpoint in _byId.Values)
        {
            if (endpoint is not { LockKnown: true, Lock: { } theirs } || theirs.Holder != host || HasLock(endpoint))
                continue;
            // A dead agent's address lives in its kernel until its lease ends: at most one host has it only if we wait for that.
            if (endpoint.Spec.Policy == EtcdLossPolicy.Release)
                continue;
            if (endpoint.OutputFault != null || _nowMs - endpoint.OutputFaultAtMs < HearAgainMs)
                continue;
            // The best-ranked live competitor tries at once, the next ones after a delay each, in case it cannot.
            int rank = endpoint.Others.Count(other => _alive.Contains(other) && string.CompareOrdinal(other, _options.Hostname) < 0);
            endpoint.DeadRevision = theirs.Revision;
            endpoint.TakeFromDeadAtMs = _nowMs + rank * _options.PeerStepMs;
            Reconcile(endpoint);
        }
    }

    /// <summary>One try. A suspicion that we cannot act on now is not kept: whoever can has acted, or the lease ends.</summary>
    private void TakeFromDead(Endpoint endpoint, LockView theirs, bool mayTake)
    {
        endpoint.TakeFromDeadAtMs = long.MaxValue;
        if (!mayTake || theirs.Revision != endpoint.DeadRevision)
            return;
        Transact(endpoint, LockOperation.TakeFromDead, t => t with { OtherLeaseId = theirs.LeaseId, SeenRevision = theirs.Revision });
    }
}
