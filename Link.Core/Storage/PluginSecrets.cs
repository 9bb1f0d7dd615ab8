namespace Link.Core.Storage;

/// <summary>What a plugin says of the secrets in its configurations.</summary>
/// <param name="Plugin">Its name.</param>
/// <param name="Paths">Its secret fields: <c>secret</c>, or <c>headers.*</c> for every field of an object.</param>
/// <param name="DestinationFields">The fields that decide who receives them and what for.</param>
internal sealed record PluginSecrets(string Plugin, IReadOnlyList<string> Paths, IReadOnlyList<string> DestinationFields);
