namespace Link.Core.Etcd;

/// <summary>
/// A failed call to etcd. The message is one line for the operator ("etcd http://10.0.0.1:2379: connection refused") and never
/// holds a password or token.
/// </summary>
internal sealed class EtcdException(EtcdFailure kind, string endpoint, string reason, bool maybeApplied = false, int grpcCode = -1)
    : Exception(endpoint.Length == 0 ? $"etcd: {reason}" : $"etcd {endpoint}: {reason}")
{
    public EtcdFailure Kind { get; } = kind;

    /// <summary>The member that was asked, as scheme://host:port; empty if none was.</summary>
    public string Endpoint { get; } = endpoint;

    /// <summary>The message without the endpoint.</summary>
    public string Reason { get; } = reason;

    /// <summary>False only if the request provably was not sent or was refused before it was executed.</summary>
    public bool MaybeApplied { get; } = maybeApplied;

    /// <summary>The gRPC status code, or -1 if the member gave none.</summary>
    public int GrpcCode { get; } = grpcCode;

    /// <summary>The member answered: it is reachable, whatever it said.</summary>
    public bool IsAnswer => GrpcCode >= 0;

    /// <summary>Another try, here or at another member, may succeed.</summary>
    public bool IsTransient => Kind is EtcdFailure.Unavailable or EtcdFailure.Timeout or EtcdFailure.Certificate
        || (Kind == EtcdFailure.ResourceExhausted && Reason.Contains("too many requests", StringComparison.Ordinal));

    /// <summary>The leader changed while the member worked on the request: the member itself is well.</summary>
    public bool IsLeaderChange => GrpcCode == 14 && Reason.Contains("leader changed", StringComparison.Ordinal);
}
