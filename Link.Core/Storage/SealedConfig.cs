namespace Link.Core.Storage;

/// <summary>A configuration whose secrets were taken out.</summary>
/// <param name="Config">As it goes into <see cref="EndpointRecord.PluginConfig"/>; null when there are faults.</param>
/// <param name="Secrets">What is to be written with it, in one transaction.</param>
/// <param name="Faults">All that is wrong, field by field.</param>
internal sealed record SealedConfig(string? Config, IReadOnlyList<SecretPut> Secrets, IReadOnlyList<SecretFault> Faults);
