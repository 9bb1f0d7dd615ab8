using System.Text;

namespace Link.Core.Storage;

/// <summary>
/// Which endpoints mention which secrets, so that a secret is deleted only when nobody needs it. Looks at the records' text: also in those of
/// unknown plugins and those that cannot be read.
/// </summary>
internal sealed class SecretUse
{
    private readonly Dictionary<string, HashSet<string>> _endpointsOf = [];

    /// <param name="endpoints">All of the host's.</param>
    public SecretUse(IEnumerable<StoredEndpoint> endpoints)
    {
        foreach (var endpoint in endpoints)
            Collect(endpoint.Key, Encoding.UTF8.GetString(endpoint.Value.Span));
    }

    /// <summary>True when an endpoint mentions it.</summary>
    public bool IsUsed(string secretId) => _endpointsOf.ContainsKey(secretId);

    /// <summary>True unless it is certain that no other endpoint of the host mentions it.</summary>
    /// <param name="endpointKey">The one that does.</param>
    public bool IsUsedByOthers(string secretId, string endpointKey) =>
        !secretId.StartsWith(SecretId.Prefix, StringComparison.Ordinal)
        || _endpointsOf.TryGetValue(secretId, out var endpoints) && (endpoints.Count > 1 || !endpoints.Contains(endpointKey));

    private void Collect(string endpointKey, string text)
    {
        for (var i = text.IndexOf(SecretId.Prefix, StringComparison.Ordinal); i >= 0; i = text.IndexOf(SecretId.Prefix, i + 1, StringComparison.Ordinal))
        {
            var end = text.IndexOf('"', i);
            var id = end < 0 ? text[i..] : text[i..end];
            if (!_endpointsOf.TryGetValue(id, out var endpoints))
                _endpointsOf[id] = endpoints = [];
            endpoints.Add(endpointKey);
        }
    }
}
