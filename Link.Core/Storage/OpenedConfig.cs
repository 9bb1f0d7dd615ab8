using Link.Core.Secrets;

namespace Link.Core.Storage;

/// <summary>A stored configuration whose secrets were put back.</summary>
/// <param name="Config">JSON with the secrets as strings, in clear; null when there are faults.</param>
/// <param name="Faults">Why secrets cannot be had, field by field.</param>
internal sealed record OpenedConfig(Secret? Config, IReadOnlyList<SecretFault> Faults);
