using Link.Core.Api;
using Link.Core.HealthChecks;
using Link.Core.Plugins;
using Link.Tests.Api;

namespace Link.Tests.Fuzz;

/// <summary>An agent that reads a wish as the real one does, and then does as if it had carried it out.</summary>
internal sealed class ReadingAgent(FakeAgent agent) : IAgentControl
{
    public Task<Outcome> AddAsync(NewEndpoint endpoint, CancellationToken cancel)
    {
        var faults = new Dictionary<string, IReadOnlyList<string>>(HealthCheck.Validate(Checks(endpoint.Checks), endpoint.HealthcheckIntervalSeconds));
        if (FuzzTargets.ReadConfig(endpoint.Plugin, endpoint.PluginConfig, stored: false) is not { } read)
            faults["plugin"] = [$"\"{ForeignText.Quotable(endpoint.Plugin)}\" is not known"];
        else
        {
            foreach ((string field, IReadOnlyList<string> messages) in read.Errors)
                faults[$"plugin_config.{field}"] = messages;
        }

        if (faults.Count == 0)
            return Done();
        (string first, IReadOnlyList<string> said) = faults.First();
        return Task.FromResult(new Outcome(OutcomeStatus.Invalid, $"{first} {said[0]}", faults));
    }

    public Task<Outcome> SetChecksAsync(string id, IReadOnlyList<HealthCheckContract> checks, CancellationToken cancel)
    {
        IReadOnlyDictionary<string, IReadOnlyList<string>> faults = HealthCheck.Validate(Checks(checks), 0);
        return faults.Count == 0 ? Done() : Task.FromResult(new Outcome(OutcomeStatus.Invalid, faults.First().Value[0], faults));
    }

    public Task<AgentSnapshot> GetStatusAsync(CancellationToken cancel) => agent.GetStatusAsync(cancel);

    public Task<EndpointPage> ListAsync(string? after, CancellationToken cancel) => Task.FromResult(new EndpointPage([], null));

    public Task<EndpointSnapshot?> FindAsync(string id, CancellationToken cancel) => agent.FindAsync(id, cancel);

    public Task<IReadOnlyList<string>?> HostsAsync(string id, CancellationToken cancel) => agent.HostsAsync(id, cancel);

    public Task<Outcome> DeleteAsync(string id, CancellationToken cancel) => Done();

    public Task<Outcome> FailoverAsync(string id, string? toHost, CancellationToken cancel) => Done();

    public Task<Outcome> TryLockAsync(string id, CancellationToken cancel) => Done();

    public Task<Outcome> DrainAsync(CancellationToken cancel) => Done();

    public Task<Outcome> UndrainAsync(CancellationToken cancel) => Done();

    public Task<Outcome> RotateSecretsAsync(bool force, CancellationToken cancel) => Done();

    public Task<RotationSnapshot> GetRotationAsync(CancellationToken cancel) => agent.GetRotationAsync(cancel);

    private static Task<Outcome> Done() => Task.FromResult(new Outcome(OutcomeStatus.Done, Endpoint: FakeAgent.Arp("vip-1", "10.0.0.1/32")));

    private static HealthCheck[] Checks(IReadOnlyList<HealthCheckContract> wish) => [.. wish.Select(static check => new HealthCheck(check.Type, check.Host, check.Port))];
}
