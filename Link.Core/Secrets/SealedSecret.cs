namespace Link.Core.Secrets;

/// <summary>An encrypted secret.</summary>
/// <param name="Type">One of <see cref="SecretType"/>, or what a later version wrote.</param>
/// <param name="Data">Hex, as the type says.</param>
/// <param name="Hash">Hex of the plaintext's SHA-512, for the type that has one.</param>
/// <param name="KeyId">Tells the key, for the type that has one; only for messages, because whoever writes etcd can change it.</param>
internal sealed record SealedSecret(string Type, string Data, string? Hash = null, string? KeyId = null);
