namespace Link.Core.Storage;

/// <summary>
/// The keys in etcd, as LinK lays them out. Prefixes end in <c>/</c>, so that host <c>web-1</c> does not read what belongs to <c>web-10</c>.
/// Election keys may contain <c>/</c> (<c>webhook/res-1</c>), hostnames do not: the host is a key's last part.
/// </summary>
internal static class KeyLayout
{
    public const string LocksPrefix = "/link/default/";
    public const string CompetitorsPrefix = "/link/ips/";
    public const string EndpointsPrefix = "/link/hosts/";
    public const string HostsPrefix = "/link/config/";
    public const string AgentsPrefix = "/link/agents/";
    public const string DrainedPrefix = "/link/drained/";
    public const string SecretsPrefix = "/link/secrets/hosts/";

    /// <summary>The lock of an election. Value: the holder's hostname; lease: the holder's.</summary>
    public static string Lock(string electionKey) => LocksPrefix + electionKey;

    /// <summary>"This host competes." Value: <see cref="CompetitorRecord"/>.</summary>
    public static string Competitor(string electionKey, string host) => CompetitorsOf(electionKey) + host;

    /// <summary>Prefix of an election's competitors. It also covers elections whose key goes on after a <c>/</c>: see <see cref="TryParseCompetitorOf"/>.</summary>
    public static string CompetitorsOf(string electionKey) => $"{CompetitorsPrefix}{electionKey}/";

    /// <summary>Value: <see cref="EndpointRecord"/>.</summary>
    public static string Endpoint(string host, string endpointId) => EndpointsOf(host) + endpointId;

    public static string EndpointsOf(string host) => $"{EndpointsPrefix}{host}/";

    /// <summary>Value: <see cref="HostRecord"/>.</summary>
    public static string Host(string host) => HostsPrefix + host;

    /// <summary>Value: <see cref="AgentRecord"/>; lease: the host's. Ours, LinK does not know it.</summary>
    public static string Agent(string host) => AgentsPrefix + host;

    /// <summary>Exists while the host is drained; without a lease, so that a reboot does not end it. Ours, LinK does not know it.</summary>
    public static string Drained(string host) => DrainedPrefix + host;

    public static string Secret(string host, string endpointId, string secretId) => SecretsOf(host, endpointId) + secretId;

    public static string SecretsOf(string host) => $"{SecretsPrefix}{host}/";

    /// <param name="endpointId">Empty: where LinK 3.1 to 3.3 leaves the secrets of all endpoints.</param>
    public static string SecretsOf(string host, string endpointId) => $"{SecretsPrefix}{host}/{endpointId}/";

    public static bool TryParseLock(string key, out string electionKey)
    {
        electionKey = Rest(key, LocksPrefix);
        return electionKey.Length > 0;
    }

    public static bool TryParseCompetitor(string key, out string electionKey, out string host)
    {
        var rest = Rest(key, CompetitorsPrefix);
        var slash = rest.LastIndexOf('/');
        electionKey = slash < 0 ? "" : rest[..slash];
        host = rest[(slash + 1)..];
        return electionKey.Length > 0 && host.Length > 0;
    }

    /// <summary>False for keys under the same prefix that belong to another election (<c>webhook/a/b</c> under <c>webhook/a</c>).</summary>
    public static bool TryParseCompetitorOf(string key, string electionKey, out string host) =>
        TryParseCompetitor(key, out var parsed, out host) && parsed == electionKey;

    public static bool TryParseEndpoint(string key, out string host, out string endpointId)
    {
        var parts = Rest(key, EndpointsPrefix).Split('/', 3);
        (host, endpointId) = parts.Length == 2 ? (parts[0], parts[1]) : ("", "");
        return host.Length > 0 && endpointId.Length > 0;
    }

    public static bool TryParseHost(string key, out string host) => TryParseOnePart(key, HostsPrefix, out host);

    public static bool TryParseAgent(string key, out string host) => TryParseOnePart(key, AgentsPrefix, out host);

    /// <param name="endpointId">May be empty: see <see cref="SecretsOf(string, string)"/>.</param>
    public static bool TryParseSecret(string key, out string host, out string endpointId, out string secretId)
    {
        var parts = Rest(key, SecretsPrefix).Split('/', 4);
        (host, endpointId, secretId) = parts.Length == 3 ? (parts[0], parts[1], parts[2]) : ("", "", "");
        return host.Length > 0 && secretId.Length > 0;
    }

    private static bool TryParseOnePart(string key, string prefix, out string part)
    {
        part = Rest(key, prefix);
        return part.Length > 0 && !part.Contains('/');
    }

    private static string Rest(string key, string prefix) => key.StartsWith(prefix, StringComparison.Ordinal) ? key[prefix.Length..] : "";
}
