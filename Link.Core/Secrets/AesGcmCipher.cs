using System.Security.Cryptography;

namespace Link.Core.Secrets;

/// <summary>AES-256-GCM: <c>nonce (12 bytes) || ciphertext || tag (16 bytes)</c>.</summary>
internal static class AesGcmCipher
{
    public const int NonceLength = 12;
    public const int TagLength = 16;

    /// <param name="nonce">Never twice with one key.</param>
    public static byte[] Seal(byte[] key, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> associatedData)
    {
        var data = new byte[NonceLength + plaintext.Length + TagLength];
        nonce.CopyTo(data);
        using var cipher = new AesGcm(key, TagLength);
        cipher.Encrypt(nonce, plaintext, data.AsSpan(NonceLength, plaintext.Length), data.AsSpan(NonceLength + plaintext.Length), associatedData);
        return data;
    }

    /// <returns>Null: another key, another place, or changed.</returns>
    public static byte[]? Open(byte[] key, ReadOnlySpan<byte> data, ReadOnlySpan<byte> associatedData)
    {
        var plaintext = new byte[data.Length - NonceLength - TagLength];
        using var cipher = new AesGcm(key, TagLength);
        try
        {
            cipher.Decrypt(data[..NonceLength], data[NonceLength..^TagLength], data[^TagLength..], plaintext, associatedData);
            return plaintext;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }
}
