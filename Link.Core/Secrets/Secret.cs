using System.Security.Cryptography;
using System.Text;

namespace Link.Core.Secrets;

/// <summary>A value that must not be shown. Its text is <c>***</c>, so that it can stand in options, messages and logs.</summary>
internal sealed class Secret(string value)
{
    /// <summary>The text of every secret.</summary>
    public const string Mask = "***";

    private readonly string _value = value;

    /// <summary>The value itself, for the one place that needs it.</summary>
    public string Reveal() => _value;

    /// <summary>True when the other value is the same. Takes the same time wherever they differ.</summary>
    public bool Matches(string other)
    {
        // The hashes have one length, so that the time does not tell the secret's length either.
        Span<byte> mine = stackalloc byte[SHA256.HashSizeInBytes];
        Span<byte> theirs = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(_value), mine);
        SHA256.HashData(Encoding.UTF8.GetBytes(other), theirs);
        return CryptographicOperations.FixedTimeEquals(mine, theirs);
    }

    public override string ToString() => Mask;
}
