using System.Security.Cryptography;
using System.Text;

namespace Link.Core.Secrets;

/// <summary>A configured key, as the ciphers take it.</summary>
/// <param name="LinKs">The SHA-256 of the text: for the types that LinK and version 1.0 write.</param>
/// <param name="Bound">
/// For <see cref="SecretType.AesGcmBound"/>. CFB and GCM encrypt the same blocks under one key: a GCM secret that is called <c>aes-cfb</c>, which nothing
/// authenticates, would give away its first block.
/// </param>
/// <param name="Id">Tells this key from others, and nothing about it that a secret does not tell, too.</param>
internal sealed record StorageKey(byte[] LinKs, byte[] Bound, string Id)
{
    private const int IdLength = 8;

    public static StorageKey Derive(Secret text)
    {
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(text.Reveal()));
        byte[] bound = HKDF.Expand(HashAlgorithmName.SHA256, hash, SHA256.HashSizeInBytes, Encoding.UTF8.GetBytes("link " + SecretType.AesGcmBound));
        byte[] id = HKDF.Expand(HashAlgorithmName.SHA256, hash, IdLength, "link key id"u8.ToArray());
        return new StorageKey(hash, bound, Convert.ToHexStringLower(id));
    }
}
