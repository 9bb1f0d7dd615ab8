using Link.Core.Secrets;

namespace Link.Core.Storage;

/// <summary>A stored configuration whose secrets were put back.</summary>
/// <param name="Config">JSON with the secrets as strings, in clear; null when there are faults.</param>
/// <param name="Faults">Why secrets cannot be had, field by field.</param>
/// <param name="SecretKeys">Keys in etcd of the secrets that it refers to, also of those that are missing or do not open.</param>
/// <param name="Secrets">Those of them that are in etcd.</param>
/// <param name="NeedsMigration">Something stands in an old form: see <see cref="Migrations"/>.</param>
internal sealed record OpenedConfig(
    Secret? Config, IReadOnlyList<SecretFault> Faults, IReadOnlyList<string> SecretKeys, IReadOnlyList<StoredSecret> Secrets, bool NeedsMigration);
