using Link.Core.Secrets;

namespace Link.Core.Storage;

/// <summary>Which fields of a host's endpoints refer to which secrets, and so what those are for.</summary>
internal sealed class SecretUses
{
    private readonly Dictionary<string, List<(string EndpointId, SecretPurpose Purpose)>> _uses = [];

    /// <param name="secretsOf">Null for a plugin that is not known.</param>
    public SecretUses(string host, HostData data, Func<string, PluginSecrets?> secretsOf)
    {
        foreach (Stored<EndpointRecord> endpoint in data.Endpoints)
        {
            // Under another's id it is opened as that one's, where nothing of it fits.
            if (endpoint.Record is not { } record || !KeyLayout.TryParseEndpoint(endpoint.Key, out _, out string id) || record.Id != id
                || secretsOf(record.Plugin) is not { Paths.Count: > 0 } plugin || EndpointSecrets.DestinationOf(record.PluginConfig, plugin, []) is not { } destination)
                continue;
            foreach ((string field, SecretReference reference) in EndpointSecrets.References(record.PluginConfig, plugin.Paths, []))
            {
                if (reference.IsInside || EndpointSecrets.Find(host, id, reference, data.Secrets, out string? key) == null)
                    continue;
                if (!_uses.TryGetValue(key!, out List<(string, SecretPurpose)>? uses))
                    _uses[key!] = uses = [];
                uses.Add((id, new SecretPurpose(record.Plugin, field, destination)));
            }
        }
    }

    /// <param name="key">The secret's, in etcd.</param>
    /// <param name="ownerId">Under whose id it lies: others can refer to it, and are not heard. Empty: under nobody's, and all are.</param>
    public IReadOnlyList<(string EndpointId, SecretPurpose Purpose)> Of(string key, string ownerId) =>
        _uses.TryGetValue(key, out List<(string EndpointId, SecretPurpose Purpose)>? uses)
            ? ownerId.Length == 0 ? uses : [.. uses.Where(use => use.EndpointId == ownerId)]
            : [];
}
