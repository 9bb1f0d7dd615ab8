using System.Globalization;
using System.Security.Cryptography;

namespace Link.Core.Api.Access;

/// <summary>
/// A password's hash as the users file has it: <c>$pbkdf2-sha256$i=600000$SALT$HASH</c>, PBKDF2 (RFC 8018) with HMAC-SHA256; salt and hash in base64,
/// with or without the padding.
/// </summary>
internal sealed class PasswordHash
{
    /// <summary>OWASP's advice for PBKDF2 with HMAC-SHA256.</summary>
    public const int DefaultIterations = 600_000;

    private const int MinIterations = 10_000;
    private const int MaxIterations = 10_000_000;
    private const int SaltBytes = 16;
    private const int HashBytes = 32;
    private const int MinSaltBytes = 8;
    private const int MaxBytes = 64;
    private const string Scheme = "pbkdf2-sha256";

    private readonly byte[] _salt;
    private readonly byte[] _hash;

    private PasswordHash(int iterations, byte[] salt, byte[] hash)
    {
        Iterations = iterations;
        _salt = salt;
        _hash = hash;
    }

    public int Iterations { get; }

    /// <param name="password">UTF-8.</param>
    /// <param name="iterations">How much work a guess costs.</param>
    public static PasswordHash Create(ReadOnlySpan<byte> password, int iterations = DefaultIterations)
    {
        byte[] salt = RandomNumberGenerator.GetBytes(SaltBytes);
        return new PasswordHash(iterations, salt, Rfc2898DeriveBytes.Pbkdf2(password, salt, iterations, HashAlgorithmName.SHA256, HashBytes));
    }

    /// <summary>One that no password has.</summary>
    public static PasswordHash OfNobody(int iterations) => new(iterations, RandomNumberGenerator.GetBytes(SaltBytes), RandomNumberGenerator.GetBytes(HashBytes));

    /// <summary>Null, with what is wrong, when the text is no hash. The fault does not show the text.</summary>
    public static PasswordHash? Parse(string text, out string? fault)
    {
        fault = null;
        string[] parts = text.Split('$');
        if (parts is not ["", Scheme, ['i', '=', .. string count], string salt64, string hash64])
        {
            fault = $"the hash is not of the form ${Scheme}$i=ITERATIONS$SALT$HASH; make one with: link-client hash-password";
            return null;
        }

        if (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out int iterations) || iterations is < MinIterations or > MaxIterations)
        {
            fault = $"the hash's iterations are not {MinIterations} to {MaxIterations}";
            return null;
        }

        if (Decode(salt64) is not { Length: >= MinSaltBytes and <= MaxBytes } salt || Decode(hash64) is not { Length: HashBytes } hash)
        {
            fault = $"the hash's salt or value is not base64 of the right length ({MinSaltBytes} to {MaxBytes} and {HashBytes} bytes)";
            return null;
        }

        return new PasswordHash(iterations, salt, hash);
    }

    /// <summary>Whether it is the password's. Takes as long as <paramref name="costIterations"/> do at the least.</summary>
    public bool Matches(ReadOnlySpan<byte> password, int costIterations)
    {
        bool matches = CryptographicOperations.FixedTimeEquals(Rfc2898DeriveBytes.Pbkdf2(password, _salt, Iterations, HashAlgorithmName.SHA256, _hash.Length), _hash);
        if (!matches && costIterations > Iterations)
        {
            Rfc2898DeriveBytes.Pbkdf2(password, _salt, costIterations - Iterations, HashAlgorithmName.SHA256, HashBytes);
        }

        return matches;
    }

    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"${Scheme}$i={Iterations}${Encode(_salt)}${Encode(_hash)}");

    private static string Encode(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    private static byte[]? Decode(string text)
    {
        string padded = text.Length % 4 == 0 ? text : text.PadRight(text.Length + 4 - text.Length % 4, '=');
        byte[] bytes = new byte[MaxBytes + 3];
        return text.Length <= MaxBytes * 2 && Convert.TryFromBase64String(padded, bytes, out int count) ? bytes[..count] : null;
    }
}
