using System.Text;

namespace Link.Tests.Fuzz;

/// <summary>Texts of bytes, such as no decoder gives: what is not UTF-8 becomes half of a surrogate pair.</summary>
internal static class FuzzText
{
    public static string Of(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            bool isText = Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) == System.Buffers.OperationStatus.Done;
            text.Append(isText ? rune.ToString() : ((char)(0xD800 + bytes[0] * 8)).ToString());
            bytes = bytes[length..];
        }

        return text.ToString();
    }

    public static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);

    /// <summary>One text again and again, up to a length.</summary>
    public static string Repeat(string text, int length, string separator = "") =>
        string.Join(separator, Enumerable.Repeat(text, Math.Max(1, length / (text.Length + separator.Length))));
}
