using System.Text;

namespace Link.Core.Storage;

/// <summary>
/// Which endpoints mention which secrets, so that a secret is deleted only when nobody needs it. Looks at the records' text: also in those of
/// unknown plugins and those that cannot be read. An endpoint that has a copy of its own under its id does not need another's.
/// </summary>
internal sealed class SecretUse
{
    private readonly string _host;
    private readonly IReadOnlyDictionary<string, Stored<SecretRecord>> _secrets;
    private readonly Dictionary<string, HashSet<string>> _endpointsOf = [];

    /// <param name="endpoints">All of the host's.</param>
    /// <param name="secrets">All of the host's, by key.</param>
    public SecretUse(string host, IEnumerable<Stored<EndpointRecord>> endpoints, IReadOnlyDictionary<string, Stored<SecretRecord>> secrets)
    {
        _host = host;
        _secrets = secrets;
        foreach (var endpoint in endpoints)
        {
            if (secrets.Count > 0 && KeyLayout.TryParseEndpoint(endpoint.Key, out _, out var id))
                Collect(id, Encoding.UTF8.GetString(endpoint.Value.Span));
        }
    }

    /// <summary>True unless it is certain that no endpoint of the host needs it.</summary>
    /// <param name="except">An endpoint's id that does not count; null: all count.</param>
    public bool IsUsed(Stored<SecretRecord> secret, string? except = null)
    {
        if (!KeyLayout.TryParseSecret(secret.Key, out _, out var place, out var secretId) || !secretId.StartsWith(SecretId.Prefix, StringComparison.Ordinal))
            return true;

        foreach (var endpoint in _endpointsOf.GetValueOrDefault(secretId) ?? [])
        {
            if (endpoint != except && (endpoint == place || !_secrets.ContainsKey(KeyLayout.Secret(_host, endpoint, secretId))))
                return true;
        }

        return false;
    }

    private void Collect(string endpointId, string text)
    {
        for (var i = text.IndexOf(SecretId.Prefix, StringComparison.Ordinal); i >= 0; i = text.IndexOf(SecretId.Prefix, i + 1, StringComparison.Ordinal))
        {
            var end = text.IndexOf('"', i);
            var id = end < 0 ? text[i..] : text[i..end];
            if (!_endpointsOf.TryGetValue(id, out var endpoints))
                _endpointsOf[id] = endpoints = [];
            endpoints.Add(endpointId);
        }
    }
}
