namespace Link.Core.Secrets;

/// <summary>The types of encrypted secrets, as etcd stores them.</summary>
internal static class SecretType
{
    /// <summary>Ours. Data: hex of nonce (12 bytes), ciphertext and tag (16 bytes); key_id: which key it is. Bound to place and purpose.</summary>
    public const string AesGcmBound = "aes-256-gcm-bound";

    /// <summary>Ours, of version 1.0. Data: hex of nonce (12 bytes), ciphertext and tag (16 bytes). Bound to its place.</summary>
    public const string AesGcm = "aes-256-gcm";

    /// <summary>LinK 3.1 to 3.3. Data: hex of IV (16 bytes) and ciphertext; hash: hex of the plaintext's SHA-512.</summary>
    public const string AesCfbSha512 = "aes-cfb-sha512";

    /// <summary>LinK 3.0, only read. As <see cref="AesCfbSha512"/> without a hash.</summary>
    public const string AesCfb = "aes-cfb";

    public static bool IsKnown(string type) => type is AesGcmBound or AesGcm or AesCfbSha512 or AesCfb;

    /// <summary>True for a type that opens at its own place alone.</summary>
    public static bool IsBoundToPlace(string type) => type is AesGcmBound or AesGcm;

    public static string Of(SecretFormat format) => format switch
    {
        SecretFormat.AesGcmBound => AesGcmBound,
        SecretFormat.AesGcm => AesGcm,
        _ => AesCfbSha512,
    };
}
