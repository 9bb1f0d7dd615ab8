namespace Link.Core.Election;

/// <summary>Peers' liveness, as heartbeats tell it: a holder that is dead loses its lock by a transaction, not by its lease's end.</summary>
internal sealed partial class Elector
{
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
        foreach (Endpoint endpoint in _byId.Values)
        {
            if (endpoint is not { LockKnown: true, Lock: { } theirs } || theirs.Holder != host || HasLock(endpoint))
                continue;
            // The best-ranked live competitor tries at once, the next ones after a delay each, in case it cannot.
            int rank = endpoint.Others.Count(other => _alive.Contains(other) && string.CompareOrdinal(other, _options.Hostname) < 0);
            endpoint.DeadRevision = theirs.Revision;
            endpoint.TakeFromDeadAtMs = _nowMs + rank * _options.PeerStepMs;
            Reconcile(endpoint);
        }
    }

    private void TakeFromDead(Endpoint endpoint, LockView theirs)
    {
        endpoint.TakeFromDeadAtMs = long.MaxValue;
        Transact(endpoint, LockOperation.TakeFromDead, t => t with { OtherLeaseId = theirs.LeaseId, SeenRevision = theirs.Revision });
    }
}
