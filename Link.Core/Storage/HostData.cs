namespace Link.Core.Storage;

/// <summary>What etcd has of a host's endpoints and secrets.</summary>
/// <param name="Endpoints">All, also those that cannot be read.</param>
/// <param name="Secrets">All, by key.</param>
internal sealed record HostData(IReadOnlyList<StoredEndpoint> Endpoints, IReadOnlyDictionary<string, StoredSecret> Secrets);
