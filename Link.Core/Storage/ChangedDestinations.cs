using Link.Core.Secrets;

namespace Link.Core.Storage;

/// <summary>Tells whether an endpoint's secrets would go elsewhere by what etcd has now than by what this agent has loaded.</summary>
/// <param name="loaded">By id; an endpoint that is not there was not loaded, and has nothing to compare with.</param>
internal sealed class ChangedDestinations(IReadOnlyDictionary<string, EndpointRecord> loaded, Func<string, PluginSecrets?> secretsOf)
{
    private readonly Dictionary<string, SecretDestination?> _loaded = [];

    public bool Has(string endpointId, SecretPurpose now)
    {
        if (!loaded.TryGetValue(endpointId, out EndpointRecord? record))
            return false;
        if (!_loaded.TryGetValue(endpointId, out SecretDestination? then))
            _loaded[endpointId] = then = secretsOf(record.Plugin) is { } plugin ? EndpointSecrets.DestinationOf(record.PluginConfig, plugin, []) : null;
        return record.Plugin != now.Plugin || then?.Matches(now.Destination) != true;
    }
}
