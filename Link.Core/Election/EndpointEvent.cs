namespace Link.Core.Election;

/// <summary>What can happen to an endpoint. See <see cref="StateMachine"/>.</summary>
internal enum EndpointEvent
{
    /// <summary>etcd is lost and the endpoint's policy says that this host takes the endpoint.</summary>
    Fault,

    /// <summary>The lock is ours.</summary>
    Elected,

    /// <summary>The lock is another host's, or the endpoint must be let go.</summary>
    Demoted,

    HealthCheckFail,

    HealthCheckSuccess,
}
