namespace Link.Core.Election;

/// <summary>Everything that the Elector is told. Times in inputs are milliseconds of the clock that drives it.</summary>
internal abstract record ElectorInput
{
    private ElectorInput()
    {
    }

    /// <summary>Time has come (<see cref="Elector.NextWakeMs"/>), nothing else.</summary>
    internal sealed record Tick : ElectorInput
    {
        public static readonly Tick Instance = new();
    }

    // ---- etcd: the host's own records and lease -------------------------------------------------

    /// <summary>Answer to <see cref="ElectorEffect.LoadHost"/>.</summary>
    /// <param name="LeaseId">Lease of <c>/link/config/{host}</c>, if any.</param>
    /// <param name="OtherInstance">Instance in <c>/link/agents/{host}</c> when it is not ours.</param>
    /// <param name="OtherIsGone">That process is known to have ended (it said so, or it ran on this machine).</param>
    /// <param name="Drained">The host was drained.</param>
    /// <param name="Endpoints">This host's endpoints.</param>
    /// <param name="OtherReach">How to ask that process over the network; null: it cannot be asked.</param>
    /// <param name="LeaseIsOurs">The lease is known from this machine itself: a process on it had it, and has ended.</param>
    internal sealed record HostLoaded(
        long? LeaseId, string? OtherInstance, bool OtherIsGone, bool Drained, IReadOnlyList<EndpointSpec> Endpoints, string? OtherReach = null, bool LeaseIsOurs = false)
        : ElectorInput;

    internal sealed record HostLoadFailed(string Reason) : ElectorInput;

    /// <param name="LeaseId">The new lease.</param>
    /// <param name="TtlSeconds">As etcd granted it, which may be more than was asked for.</param>
    /// <param name="SentAtMs">When the request was sent: the lease's deadline counts from there.</param>
    internal sealed record LeaseGranted(long LeaseId, int TtlSeconds, long SentAtMs) : ElectorInput;

    internal sealed record LeaseGrantFailed(string Reason) : ElectorInput;

    internal sealed record LeaseRenewed(long LeaseId, int TtlSeconds, long SentAtMs) : ElectorInput;

    /// <summary>etcd says that the lease is gone.</summary>
    internal sealed record LeaseGone(long LeaseId) : ElectorInput;

    /// <summary>No answer to a renewal, or no connection. Says nothing of the lease.</summary>
    internal sealed record LeaseRenewalFailed(long LeaseId, string Reason) : ElectorInput;

    /// <summary>Answer to <see cref="ElectorEffect.WriteHost"/>.</summary>
    /// <param name="Revision">Revision of the write.</param>
    internal sealed record HostWritten(long LeaseId, long Revision) : ElectorInput;

    internal sealed record HostWriteFailed(string Reason) : ElectorInput;

    // ---- etcd: watches --------------------------------------------------------------------------

    /// <summary>The watches are on. What happened up to <paramref name="Revision"/> may have been missed.</summary>
    internal sealed record WatchStarted(long Revision) : ElectorInput;

    /// <summary>The lock of <paramref name="Key"/> was put.</summary>
    internal sealed record LockPut(string Key, LockView Lock) : ElectorInput;

    /// <summary>The lock of <paramref name="Key"/> was deleted, at <paramref name="Revision"/>.</summary>
    internal sealed record LockDeleted(string Key, long Revision) : ElectorInput;

    /// <summary>A host's <c>/link/ips/{key}/{host}</c> was put (<paramref name="Present"/>) or deleted.</summary>
    internal sealed record CompetitorChanged(string Key, string Host, bool Present, long Revision) : ElectorInput;

    /// <summary>A read, asked for apart from the watch: every host under <c>/link/ips/{key}/</c> at <paramref name="Revision"/>.</summary>
    internal sealed record CompetitorsRead(string Key, IReadOnlyList<string> Competitors, long Revision) : ElectorInput;

    /// <summary>Our <c>/link/agents/{host}</c> was put by <paramref name="Instance"/>, or deleted (null).</summary>
    /// <param name="LeaseId">The lease that the key is bound to; 0: none.</param>
    /// <param name="Reach">How to ask that instance over the network; null: it cannot be asked.</param>
    /// <param name="SaysStopped">It says that its process has ended.</param>
    internal sealed record AgentKeyChanged(string? Instance, long Revision, long LeaseId = 0, string? Reach = null, bool SaysStopped = false) : ElectorInput;

    // ---- etcd: transactions ---------------------------------------------------------------------

    /// <summary>Answer to <see cref="ElectorEffect.Transact"/>.</summary>
    /// <param name="Applied">The operation's condition held.</param>
    /// <param name="Lock">The lock after the transaction; null: nobody has it.</param>
    /// <param name="Competitors">Every host under <c>/link/ips/{key}/</c> after the transaction.</param>
    /// <param name="Revision">etcd's revision at the transaction.</param>
    internal sealed record Transacted(long Token, bool Applied, LockView? Lock, IReadOnlyList<string> Competitors, long Revision) : ElectorInput;

    /// <summary>The transaction failed; it may have been applied all the same.</summary>
    internal sealed record TransactionFailed(long Token, string Reason) : ElectorInput;

    // ---- another agent with this host's name -----------------------------------------------------

    /// <summary>Answer to <see cref="ElectorEffect.AskNamesake"/>: that instance runs.</summary>
    internal sealed record NamesakeAnswered(string Instance, string By) : ElectorInput;

    /// <summary>Answer to <see cref="ElectorEffect.AskNamesake"/>: nothing answers, or something else.</summary>
    internal sealed record NamesakeSilent(string Instance) : ElectorInput;

    // ---- LAN ------------------------------------------------------------------------------------

    /// <summary>Verdict on <see cref="ElectorEffect.AskLan"/>: somebody answers for the address, or is about to claim it and goes before us.</summary>
    internal sealed record LanAnswered(string EndpointId, string By) : ElectorInput;

    /// <summary>Verdict on <see cref="ElectorEffect.AskLan"/>: nobody answers.</summary>
    internal sealed record LanSilent(string EndpointId) : ElectorInput;

    /// <summary>Verdict on <see cref="ElectorEffect.AskLan"/>: the LAN could not be asked.</summary>
    internal sealed record LanUnknown(string EndpointId, string Reason) : ElectorInput;

    /// <summary>Another machine announces or answers for an address that we hold.</summary>
    internal sealed record RivalHeard(string EndpointId, string By) : ElectorInput;

    // ---- this host ------------------------------------------------------------------------------

    /// <summary>The health checks' verdict on an endpoint. An endpoint counts as healthy until told otherwise.</summary>
    internal sealed record HealthChanged(string EndpointId, bool Healthy, string? Reason) : ElectorInput;

    /// <summary>Whether the endpoint's output can work at all (its interface is there, up and has carrier).</summary>
    internal sealed record OutputChanged(string EndpointId, bool Usable, string? Reason) : ElectorInput;

    // ---- peers' liveness (heartbeats) ------------------------------------------------------------

    /// <summary>A host that shares election keys is heard.</summary>
    internal sealed record PeerAlive(string Host) : ElectorInput;

    /// <summary>A host is heard no more, by us and by all others that are.</summary>
    internal sealed record PeerDead(string Host) : ElectorInput;

    // ---- administrator --------------------------------------------------------------------------

    /// <summary>Commands carry an id that <see cref="ElectorEffect.Answer"/> repeats; 0 wants no answer.</summary>
    internal abstract record Command(long CommandId) : ElectorInput;

    internal sealed record AddEndpoint(long CommandId, EndpointSpec Endpoint) : Command(CommandId);

    internal sealed record RemoveEndpoint(long CommandId, string EndpointId) : Command(CommandId);

    /// <param name="ToHost">The wanted successor; null: whoever takes it.</param>
    /// <param name="ToLeaseId">The successor's lease.</param>
    internal sealed record Failover(long CommandId, string EndpointId, string? ToHost = null, long ToLeaseId = 0) : Command(CommandId);

    /// <summary>Try for the lock now.</summary>
    internal sealed record TryLock(long CommandId, string EndpointId) : Command(CommandId);

    /// <summary>Hand everything over and stay out until <see cref="Undrain"/>.</summary>
    /// <param name="ForStop">This process is about to end: the next one is not drained.</param>
    internal sealed record Drain(long CommandId, bool ForStop = false) : Command(CommandId);

    internal sealed record Undrain(long CommandId) : Command(CommandId);
}
