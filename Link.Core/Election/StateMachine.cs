namespace Link.Core.Election;

/// <summary>LinK's state machine: one total function over every pair of state and event.</summary>
internal static class StateMachine
{
    public static EndpointState Next(EndpointState state, EndpointEvent happened) => (happened, state) switch
    {
        (EndpointEvent.HealthCheckFail, _) => EndpointState.Failing,
        (EndpointEvent.HealthCheckSuccess, EndpointState.Failing) => EndpointState.Standby,
        (EndpointEvent.HealthCheckSuccess, _) => state,
        (_, EndpointState.Failing) => EndpointState.Failing,
        (EndpointEvent.Fault or EndpointEvent.Elected, _) => EndpointState.Activated,
        (EndpointEvent.Demoted, _) => EndpointState.Standby,
        _ => throw new ArgumentOutOfRangeException(nameof(happened), happened, null),
    };
}
