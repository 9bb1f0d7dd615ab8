namespace Link.Core.Storage;

/// <summary>An endpoint that stays in an old form.</summary>
/// <param name="Key">The endpoint's, in etcd.</param>
/// <param name="Secrets">What is wrong, field by field.</param>
/// <param name="SecretsInside">Secrets that stand in the endpoint itself, where a rotation does not reach them.</param>
internal sealed record MigrationFault(string Key, IReadOnlyList<SecretFault> Secrets, int SecretsInside)
{
    /// <summary>One line, which starts with the key. No secret.</summary>
    public override string ToString() => $"{Key}: {string.Join("; ", Secrets)}";
}
