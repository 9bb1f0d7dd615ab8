namespace Link.Core.Etcd;

/// <summary>What became of one keep-alive.</summary>
/// <param name="TtlSeconds">Renewed: the time to live, from the moment etcd renewed it, which is not before <paramref name="SentAt"/>.</param>
/// <param name="SentAt">Renewed: the clock's milliseconds just before the request was written.</param>
/// <param name="Reason">Failed: one line for the operator.</param>
internal readonly record struct KeepAliveResult(KeepAliveOutcome Outcome, long LeaseId, long TtlSeconds, long SentAt, string? Reason)
{
    public static KeepAliveResult Renewed(long id, long ttlSeconds, long sentAt) => new(KeepAliveOutcome.Renewed, id, ttlSeconds, sentAt, null);

    public static KeepAliveResult Gone(long id) => new(KeepAliveOutcome.Gone, id, 0, 0, null);

    public static KeepAliveResult Failed(long id, string reason) => new(KeepAliveOutcome.Failed, id, 0, 0, reason);
}
