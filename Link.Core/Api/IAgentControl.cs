using System.Text.Json;

namespace Link.Core.Api;

/// <summary>
/// What the HTTP API asks of the agent. Implemented by the agent, and by a fake in the API's tests. Throws <see cref="TimeoutException"/> when the agent is
/// overloaded; whatever else it throws is a defect.
/// </summary>
internal interface IAgentControl
{
    /// <summary>The agent as a whole, from memory.</summary>
    Task<AgentSnapshot> GetStatusAsync(CancellationToken cancel);

    /// <summary>A part of this host's endpoints, from memory.</summary>
    /// <param name="after">The id behind which it begins; null: the first part.</param>
    /// <param name="cancel">Ends the wait.</param>
    Task<EndpointPage> ListAsync(string? after, CancellationToken cancel);

    Task<EndpointSnapshot?> FindAsync(string id, CancellationToken cancel);

    /// <summary>Hosts that compete for the endpoint's key; null: no such endpoint.</summary>
    Task<IReadOnlyList<string>?> HostsAsync(string id, CancellationToken cancel);

    /// <summary>Ends when the endpoint is stored and its first election decided.</summary>
    Task<Outcome> AddAsync(NewEndpoint endpoint, CancellationToken cancel);

    /// <summary>Replaces the endpoint's checks.</summary>
    Task<Outcome> SetChecksAsync(string id, IReadOnlyList<HealthCheckContract> checks, CancellationToken cancel);

    /// <summary>Ends when this host no longer has the endpoint.</summary>
    Task<Outcome> DeleteAsync(string id, CancellationToken cancel);

    /// <param name="toHost">The wanted successor; null: any.</param>
    Task<Outcome> FailoverAsync(string id, string? toHost, CancellationToken cancel);

    /// <summary>Try to get the lock now.</summary>
    Task<Outcome> TryLockAsync(string id, CancellationToken cancel);

    Task<Outcome> DrainAsync(CancellationToken cancel);

    Task<Outcome> UndrainAsync(CancellationToken cancel);

    /// <summary>
    /// Encrypts this host's secrets anew with the current key; may take longer than a request. Conflict: there are no alternate keys, a rotation is
    /// under way, or some secrets could not be opened; the error names them.
    /// </summary>
    /// <param name="force">Also the secrets that stand under the current key already, and without alternate keys.</param>
    Task<Outcome> RotateSecretsAsync(bool force, CancellationToken cancel);

    /// <summary>How far the rotation is, from memory.</summary>
    Task<RotationSnapshot> GetRotationAsync(CancellationToken cancel);
}

/// <summary>A check as the API carries it: <c>{"type":"TCP","host":"10.0.0.9","port":80}</c>. Not yet validated.</summary>
internal sealed record HealthCheckContract(string Type, string Host, int Port);

/// <summary>A wish for an endpoint. The agent validates it.</summary>
/// <param name="Plugin">Output plugin, such as <c>arp</c>.</param>
/// <param name="PluginConfig">The plugin's own object, verbatim.</param>
/// <param name="HealthcheckIntervalSeconds">0: the agent's default.</param>
internal sealed record NewEndpoint(string Plugin, JsonElement PluginConfig, IReadOnlyList<HealthCheckContract> Checks, int HealthcheckIntervalSeconds);

/// <summary>An endpoint as the API shows it.</summary>
internal sealed record EndpointSnapshot
{
    public required string Id { get; init; }

    /// <summary>BOOTING, STANDBY, ACTIVATED or FAILING.</summary>
    public required string Status { get; init; }

    public required string Plugin { get; init; }

    public required string ElectionKey { get; init; }

    public IReadOnlyList<HealthCheckContract> Checks { get; init; } = [];

    public int HealthcheckIntervalSeconds { get; init; }

    /// <summary>The address with its prefix, for plugin arp.</summary>
    public string? Ip { get; init; }

    public string? Interface { get; init; }

    /// <summary>Host whose lease the lock carries, as last heard from etcd; null: nobody, or not known.</summary>
    public string? Holder { get; init; }

    /// <summary>Why the endpoint is in its state, when there is more to say than the state does (a failed check, an interface without carrier).</summary>
    public string? Reason { get; init; }

    /// <summary>Whether the outside was told of the state: pending, done or failed; null: there is nothing outside, or nothing was wanted of it yet.</summary>
    public string? Output { get; init; }

    /// <summary>When it came into its state.</summary>
    public DateTimeOffset Since { get; init; }

    public string? OnEtcdLoss { get; init; }

    /// <summary>How often another machine was heard to announce the address while this host held it.</summary>
    public long Rivals { get; init; }

    public string? LastError { get; init; }

    public DateTimeOffset? LastErrorAt { get; init; }

    /// <summary>What the other side wrote when <see cref="LastError"/> came about; for admins alone.</summary>
    public string? LastErrorAnswer { get; init; }

    /// <summary>The configuration as a JSON object, its secrets masked as <c>***</c>, for plugins other than arp, whose fields stand above.</summary>
    public string? PluginConfigJson { get; init; }
}

/// <summary>The agent as <c>GET /health</c> shows it.</summary>
internal sealed record AgentSnapshot
{
    public required string Version { get; init; }

    public required string Hostname { get; init; }

    /// <summary>True when the event loop turns and etcd answers.</summary>
    public required bool Healthy { get; init; }

    /// <summary>Why not.</summary>
    public string? Reason { get; init; }

    /// <summary>connecting, ok, silent or lost.</summary>
    public required string Etcd { get; init; }

    /// <summary>URL of the member in use.</summary>
    public string? EtcdEndpoint { get; init; }

    public bool Drained { get; init; }

    public int Endpoints { get; init; }

    public int Activated { get; init; }
}

internal enum OutcomeStatus
{
    Done,

    /// <summary>404</summary>
    NotFound,

    /// <summary>409: the state does not allow it, here or on the hosts where it was tried.</summary>
    Conflict,

    /// <summary>422, with <see cref="Outcome.FieldErrors"/></summary>
    Invalid,

    /// <summary>503: etcd does not answer.</summary>
    Unavailable,
}

/// <summary>Outcome of a command.</summary>
/// <param name="Error">One line for the operator; null when done.</param>
/// <param name="FieldErrors">Field to messages, for <see cref="OutcomeStatus.Invalid"/>.</param>
/// <param name="Endpoint">The endpoint after the command, where there is one.</param>
internal sealed record Outcome(
    OutcomeStatus Status,
    string? Error = null,
    IReadOnlyDictionary<string, IReadOnlyList<string>>? FieldErrors = null,
    EndpointSnapshot? Endpoint = null);
