namespace Link.Core.Election;

/// <summary>Everything that the Elector wants done. Whoever carries it out reports by an <see cref="ElectorInput"/>.</summary>
internal abstract record ElectorEffect
{
    private ElectorEffect()
    {
    }

    /// <summary>Read this host's lease, agent key and endpoints. Answer: HostLoaded, HostLoadFailed.</summary>
    internal sealed record LoadHost : ElectorEffect;

    /// <summary>Answer: LeaseGranted, LeaseGrantFailed.</summary>
    internal sealed record GrantLease(int TtlSeconds) : ElectorEffect;

    /// <summary>Answer: LeaseRenewed, LeaseGone, LeaseRenewalFailed.</summary>
    internal sealed record RenewLease(long LeaseId) : ElectorEffect;

    /// <summary>Write <c>/link/config/{host}</c> and <c>/link/agents/{host}</c>. Answer: HostWritten, HostWriteFailed.</summary>
    internal sealed record WriteHost(long LeaseId, bool Drained) : ElectorEffect;

    /// <summary>Answer: Transacted, TransactionFailed.</summary>
    internal sealed record Transact(LockTransaction Transaction) : ElectorEffect;

    /// <summary>Delete a lock that this host cannot use, if it is still as it was. Repeated a few times at the most; no answer.</summary>
    internal sealed record DropLock(string Key, long LeaseId, long Revision) : ElectorEffect;

    /// <summary>Turn the output on and announce it. Given again only after <see cref="Deactivate"/>.</summary>
    /// <param name="LifetimeSeconds">The kernel removes the address by itself after this time; null: never.</param>
    /// <param name="Revision">The lock's revision, as fencing token; 0 without etcd's word.</param>
    internal sealed record Activate(string EndpointId, int? LifetimeSeconds, long Revision) : ElectorEffect;

    /// <summary>The output's lifetime starts anew.</summary>
    internal sealed record Extend(string EndpointId, int? LifetimeSeconds) : ElectorEffect;

    /// <summary>Turn the output off. Also given for an endpoint that was never activated, to remove what an earlier process left.</summary>
    internal sealed record Deactivate(string EndpointId) : ElectorEffect;

    /// <summary>Announce once more: there was a doubt.</summary>
    internal sealed record Announce(string EndpointId) : ElectorEffect;

    /// <summary>The output stays on but is not announced any more: somebody else is about to.</summary>
    internal sealed record Silence(string EndpointId) : ElectorEffect;

    /// <summary>Ask the neighbours who has the address. Answer within about half a second: LanAnswered, LanSilent, LanUnknown.</summary>
    internal sealed record AskLan(string EndpointId) : ElectorEffect;

    /// <summary>A state changed; for the log, the API and the health of outputs.</summary>
    internal sealed record StateChanged(string EndpointId, EndpointState From, EndpointState To, string Reason) : ElectorEffect;

    /// <summary>Something an operator should read.</summary>
    internal sealed record Notice(NoticeLevel Level, string? EndpointId, string Text) : ElectorEffect;

    /// <summary>Answer to a command.</summary>
    internal sealed record Answer(long CommandId, AnswerStatus Status, string? Reason) : ElectorEffect;

    /// <summary>The endpoint is gone from this host.</summary>
    internal sealed record Removed(string EndpointId) : ElectorEffect;

    /// <summary>Ask over the network whether an agent lives that has this host's name. Answer within a second: NamesakeAnswered, NamesakeSilent.</summary>
    /// <param name="Reach">As its agent key says: <c>address:port</c>.</param>
    internal sealed record AskNamesake(string Instance, string Reach) : ElectorEffect;
}
