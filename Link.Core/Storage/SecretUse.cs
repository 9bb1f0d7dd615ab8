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

    /// <summary>Secrets' ids to the ids of the endpoints that mention them.</summary>
    private readonly Dictionary<string, HashSet<string>> _endpointsOf = [];

    /// <param name="endpoints">All of the host's.</param>
    /// <param name="secrets">All of the host's, by key.</param>
    public SecretUse(string host, IEnumerable<Stored<EndpointRecord>> endpoints, IReadOnlyDictionary<string, Stored<SecretRecord>> secrets)
    {
        _host = host;
        _secrets = secrets;
        foreach (var key in secrets.Keys)
        {
            if (KeyLayout.TryParseSecret(key, out _, out _, out var secretId))
                _endpointsOf[secretId] = [];
        }

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

    // An id ends where its text ends, and the search goes on there: the work is that of reading the text once.
    private void Collect(string endpointId, ReadOnlySpan<char> text)
    {
        var byId = _endpointsOf.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var start = text.IndexOf(SecretId.Prefix); start >= 0; start = text.IndexOf(SecretId.Prefix))
        {
            text = text[start..];
            var end = text.IndexOf('"');
            if (byId.TryGetValue(end < 0 ? text : text[..end], out var endpoints))
                endpoints.Add(endpointId);
            text = end < 0 ? [] : text[end..];
        }
    }
}
