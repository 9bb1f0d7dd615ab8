using System.Buffers.Text;
using System.Security.Cryptography;

namespace Link.Core.Secrets;

/// <summary>
/// The text of a key: any one is taken, as LinK does, and hashed once. That is as good as the text is random, so that a text that is not
/// <see cref="Length"/> random bytes or more, in hex or base64, gets a warning.
/// </summary>
internal static class KeyText
{
    /// <summary>Bytes of a good key.</summary>
    public const int Length = 32;

    // Of 32 random bytes 30 differ. The chance of 16 is far below that of guessing the key.
    private const int FewestDifferent = 17;

    /// <summary>A new key, from the system's generator.</summary>
    /// <param name="hex">64 hex digits; otherwise base64 with its padding.</param>
    public static Secret Create(bool hex)
    {
        byte[] bytes = RandomNumberGenerator.GetBytes(Length);
        var key = new Secret(hex ? Convert.ToHexStringLower(bytes) : Convert.ToBase64String(bytes));
        CryptographicOperations.ZeroMemory(bytes);
        return key;
    }

    /// <summary>What speaks against a key, to follow "it"; null: nothing that can be seen. Says nothing of the text itself.</summary>
    public static string? Fault(Secret key)
    {
        string text = key.Reveal();
        bool isHex = text.AsSpan().ContainsAnyExcept("0123456789abcdefABCDEF") == false;
        byte[]? bytes = isHex ? text.Length % 2 == 0 ? Convert.FromHexString(text) : null : ReadBase64(text);
        if (bytes == null)
            return isHex ? "has an odd number of hex digits" : "is neither hex nor base64, so that somebody has thought of it";
        if (bytes.Length < Length)
            return $"is {bytes.Length} bytes in {(isHex ? "hex" : "base64")}, less than {Length}";
        byte[] characters = System.Text.Encoding.ASCII.GetBytes(text.TrimEnd('='));
        return Array.TrueForAll(bytes, static b => b is >= 0x20 and < 0x7f or (byte)'\n' or (byte)'\t') ? "is text in another form, and not random bytes"
            : bytes.Distinct().Count() < FewestDifferent || Repeats(characters) ? "repeats itself"
            : IsSequence(bytes) || IsSequence(characters) ? "is a sequence"
            : !isHex && !(text.Any(char.IsAsciiLetterLower) && text.Any(char.IsAsciiLetterUpper)) ? "has letters of one case only, as words have and base64 of random bytes has not"
            : null;
    }

    /// <summary>With or without padding, in either alphabet (RFC 4648, 4 and 5); null: it is none.</summary>
    private static byte[]? ReadBase64(string text)
    {
        string body = text.TrimEnd('=');
        bool isUrl = body.AsSpan().ContainsAny('-', '_');
        if (text.Length - body.Length > 2 || body.Length % 4 == 1 || isUrl && body.AsSpan().ContainsAny('+', '/'))
            return null;
        string url = body.Replace('+', '-').Replace('/', '_');
        return url.Any(char.IsWhiteSpace) || !Base64Url.IsValid(url) ? null : Base64Url.DecodeFromChars(url);
    }

    /// <summary>True for a part once and again to the end.</summary>
    private static bool Repeats(ReadOnlySpan<byte> row)
    {
        for (int period = 1; period <= row.Length / 2; period++)
        {
            if (row[period..].SequenceEqual(row[..^period]))
                return true;
        }

        return false;
    }

    /// <summary>True when half of the steps from one to the next are the same.</summary>
    private static bool IsSequence(ReadOnlySpan<byte> row)
    {
        Span<int> steps = stackalloc int[byte.MaxValue + 1];
        for (int i = 1; i < row.Length; i++)
        {
            if (++steps[(byte)(row[i] - row[i - 1])] * 2 >= row.Length)
                return true;
        }

        return false;
    }
}
