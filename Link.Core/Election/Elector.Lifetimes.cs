namespace Link.Core.Election;

/// <summary>How long the kernel keeps an address without us: the dead man's switch.</summary>
internal sealed partial class Elector
{
    /// <summary>The kernel removes an address up to this much later than its lifetime says (ADDRCONF_TIMER_FUZZ and the timer wheel; measured 0.11 to 0.31 s).</summary>
    private const long KernelLatenessMs = 400;

    /// <summary>When a renewal has gone unanswered for so long that lifetimes must be prolonged without etcd.</summary>
    private long _silenceAtMs = long.MaxValue;

    /// <summary>Lifetime while etcd is silent and the policy keeps the address: the loop renews it once an interval.</summary>
    private long LoneLifetimeMs => 2 * _options.KeepAliveIntervalMs + 1_000;

    /// <summary>
    /// For ever without competitors. Else until just after the lease can expire, so that the successor is there first.
    /// With <see cref="EtcdLossPolicy.Release"/> always until just before: a competitor may come while we are dead. Less than a second cannot be asked for; see <see cref="MayActivate"/>.
    /// </summary>
    private int? LifetimeSeconds(Endpoint endpoint, bool withoutEtcd)
    {
        long leaseMs = _leaseDeadlineMs - _nowMs;
        if (endpoint.Spec.Policy == EtcdLossPolicy.Release)
            return (int)((leaseMs - KernelLatenessMs) / 1000);
        if (!OthersCompete(endpoint))
            return null;
        long lifetimeMs = leaseMs + 1_000;
        if (withoutEtcd || leaseMs <= 0)
            lifetimeMs = Math.Max(lifetimeMs, LoneLifetimeMs);
        return (int)((lifetimeMs + 999) / 1000);
    }

    private int? LifetimeSeconds(Endpoint endpoint) => LifetimeSeconds(endpoint, withoutEtcd: _lost || _lastRenewalFailed);

    /// <summary>
    /// False when our lease may have ended, and what we know of the lock with it; with <see cref="EtcdLossPolicy.Release"/> already
    /// when the kernel could not be told any more to remove the address before that.
    /// </summary>
    private bool MayActivate(Endpoint endpoint) =>
        endpoint.Spec.Policy == EtcdLossPolicy.Release ? _nowMs < ReleaseAtMs && LifetimeSeconds(endpoint) >= 1 : _nowMs < _leaseDeadlineMs;

    private void ProlongAll(bool withoutEtcd)
    {
        foreach (Endpoint endpoint in _byId.Values)
        {
            CheckExpiry(endpoint);
            if (endpoint.State != EndpointState.Activated || endpoint.LetGoAtMs != long.MaxValue)
                continue;
            if (endpoint.Spec.Policy == EtcdLossPolicy.Release ? !withoutEtcd && MayActivate(endpoint) && HasLock(endpoint) : OthersCompete(endpoint))
                Extend(endpoint, LifetimeSeconds(endpoint, withoutEtcd));
        }
    }

    private void Extend(Endpoint endpoint, int? lifetimeSeconds) =>
        Emit(new ElectorEffect.Extend(endpoint.Id, NewLifetime(endpoint, lifetimeSeconds)));

    private int? NewLifetime(Endpoint endpoint, int? seconds)
    {
        endpoint.ExpiresAtMs = seconds == null ? long.MaxValue : _nowMs + seconds.Value * 1000L;
        return seconds;
    }

    /// <summary>
    /// The kernel has removed the address while this host slept. It comes back with etcd's word, or as any claim does; not because we once had it.
    /// </summary>
    private void CheckExpiry(Endpoint endpoint)
    {
        if (endpoint.State == EndpointState.Activated && _nowMs >= endpoint.ExpiresAtMs && !(HasLock(endpoint) && _nowMs < _leaseDeadlineMs))
            Transition(endpoint, EndpointEvent.Demoted, "the address's lifetime has ended");
    }

    /// <summary>Once per interval while etcd is silent: the loop itself answers for what the policy keeps.</summary>
    private void ProlongWithoutEtcd()
    {
        _silenceAtMs = _nowMs + _options.KeepAliveIntervalMs;
        if (!_doubt && _leaseDeadlineMs - _nowMs < LoneLifetimeMs)
            ProlongAll(withoutEtcd: true);
    }
}
