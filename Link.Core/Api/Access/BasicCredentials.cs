using System.Text;

namespace Link.Core.Api.Access;

/// <summary>User and password of a request (RFC 7617).</summary>
internal sealed class BasicCredentials
{
    private const int MaxHeaderLength = 4096;

    private readonly byte[] _pair;
    private readonly int _colon;

    private BasicCredentials(byte[] pair, int colon)
    {
        _pair = pair;
        _colon = colon;
        User = Encoding.UTF8.GetString(pair.AsSpan(0, colon));
    }

    public string User { get; }

    public ReadOnlySpan<byte> UserBytes => _pair.AsSpan(0, _colon);

    /// <summary>UTF-8, as it was sent.</summary>
    public ReadOnlySpan<byte> Password => _pair.AsSpan(_colon + 1);

    /// <summary><c>user:password</c>, as it was sent.</summary>
    public ReadOnlySpan<byte> Pair => _pair;

    /// <param name="authorization">The value of the Authorization header, or null.</param>
    /// <returns>Null: it is not there, or not of this scheme and form.</returns>
    public static BasicCredentials? Parse(string? authorization)
    {
        if (authorization is null || authorization.Length > MaxHeaderLength)
        {
            return null;
        }

        ReadOnlySpan<char> text = authorization.AsSpan().Trim();
        int space = text.IndexOf(' ');
        if (space < 0 || !text[..space].Equals("Basic", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        byte[] pair = new byte[text.Length];
        if (!Convert.TryFromBase64Chars(text[(space + 1)..].Trim(), pair, out int length))
        {
            return null;
        }

        int colon = pair.AsSpan(0, length).IndexOf((byte)':');
        return colon < 0 ? null : new BasicCredentials(pair[..length], colon);
    }
}
