using Link.Core.Etcd;

namespace Link.Core.Storage;

/// <summary>What etcd has of a host's endpoints and secrets.</summary>
/// <param name="Endpoints">All, also those that cannot be read.</param>
/// <param name="Secrets">All, by key.</param>
internal sealed record HostData(IReadOnlyList<Stored<EndpointRecord>> Endpoints, IReadOnlyDictionary<string, Stored<SecretRecord>> Secrets)
{
    /// <param name="endpoints">What is under <see cref="KeyLayout.EndpointsOf"/>.</param>
    /// <param name="secrets">What is under <see cref="KeyLayout.SecretsOf(string)"/>.</param>
    public static HostData Read(IEnumerable<KeyValue> endpoints, IEnumerable<KeyValue> secrets)
    {
        var all = new List<Stored<EndpointRecord>>();
        foreach (KeyValue pair in endpoints)
            all.Add(Stored<EndpointRecord>.Read(pair, EndpointRecord.Read));
        var byKey = new Dictionary<string, Stored<SecretRecord>>();
        foreach (KeyValue pair in secrets)
        {
            Stored<SecretRecord> secret = Stored<SecretRecord>.Read(pair, SecretRecord.Read);
            byKey[secret.Key] = secret;
        }

        return new HostData(all, byKey);
    }
}
