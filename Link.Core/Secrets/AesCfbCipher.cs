using System.Security.Cryptography;

namespace Link.Core.Secrets;

/// <summary>AES-256-CFB with 128 bits of feedback and no padding, as LinK has it: <c>IV (16 bytes) || ciphertext</c>. Nothing is authenticated.</summary>
internal static class AesCfbCipher
{
    public const int IvLength = 16;
    private const int FeedbackBits = 128;
    private const int BlockLength = 16;

    public static byte[] Seal(byte[] key, ReadOnlySpan<byte> iv, ReadOnlySpan<byte> plaintext)
    {
        using var aes = Aes.Create();
        aes.Key = key;
        var padded = Pad(plaintext);
        var blocks = aes.EncryptCfb(padded, iv, PaddingMode.None, FeedbackBits);
        CryptographicOperations.ZeroMemory(padded);
        return [.. iv, .. blocks.AsSpan(0, plaintext.Length)];
    }

    public static byte[] Open(byte[] key, ReadOnlySpan<byte> data)
    {
        var ciphertext = data[IvLength..];
        using var aes = Aes.Create();
        aes.Key = key;
        var blocks = aes.DecryptCfb(Pad(ciphertext), data[..IvLength], PaddingMode.None, FeedbackBits);
        return blocks.AsSpan(0, ciphertext.Length).ToArray();
    }

    // .NET takes whole blocks only. In this mode the bytes behind the end change nothing before it.
    private static byte[] Pad(ReadOnlySpan<byte> text)
    {
        var padded = new byte[(text.Length + BlockLength - 1) / BlockLength * BlockLength];
        text.CopyTo(padded);
        return padded;
    }
}
