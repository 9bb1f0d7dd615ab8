using Link.Core.Election;
using Xunit;

namespace Link.Tests.Election;

public sealed class StateMachineTests
{
    /// <summary>The table of contract-link.md, section 2: event, then where it leads from BOOTING, STANDBY, ACTIVATED and FAILING.</summary>
    private static readonly (EndpointEvent Happened, EndpointState[] To)[] Table =
    [
        (EndpointEvent.Fault, [EndpointState.Activated, EndpointState.Activated, EndpointState.Activated, EndpointState.Failing]),
        (EndpointEvent.Elected, [EndpointState.Activated, EndpointState.Activated, EndpointState.Activated, EndpointState.Failing]),
        (EndpointEvent.Demoted, [EndpointState.Standby, EndpointState.Standby, EndpointState.Standby, EndpointState.Failing]),
        (EndpointEvent.HealthCheckFail, [EndpointState.Failing, EndpointState.Failing, EndpointState.Failing, EndpointState.Failing]),
        (EndpointEvent.HealthCheckSuccess, [EndpointState.Booting, EndpointState.Standby, EndpointState.Activated, EndpointState.Standby]),
    ];

    [Fact]
    public void Every_pair_of_state_and_event_leads_where_the_contract_says()
    {
        Assert.Equal(Enum.GetValues<EndpointEvent>().Order(), Table.Select(row => row.Happened).Order());
        foreach ((EndpointEvent happened, EndpointState[] to) in Table)
        {
            foreach (EndpointState from in Enum.GetValues<EndpointState>())
                Assert.Equal(to[(int)from], StateMachine.Next(from, happened));
        }
    }
}
