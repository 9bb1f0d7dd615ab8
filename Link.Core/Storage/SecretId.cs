namespace Link.Core.Storage;

/// <summary>Ids of secrets: <c>sec-</c> and a UUID of version 4.</summary>
internal static class SecretId
{
    public const string Prefix = "sec-";

    public static string New() => Prefix + Guid.NewGuid();
}
