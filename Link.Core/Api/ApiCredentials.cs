using System.Security.Cryptography;
using System.Text;

namespace Link.Core.Api;

/// <summary>Basic authentication (RFC 7617): who is asked, and whether an answer is right.</summary>
internal sealed class ApiCredentials
{
    private const int MaxHeaderLength = 4096;

    private readonly byte[]? _user;
    private readonly byte[]? _password;

    public ApiCredentials(string? user, string? password)
    {
        if (string.IsNullOrEmpty(password))
        {
            return;
        }

        _user = SHA256.HashData(Encoding.UTF8.GetBytes(user ?? ""));
        _password = SHA256.HashData(Encoding.UTF8.GetBytes(password));
    }

    /// <summary>Whether a request needs credentials. On the Unix socket the file's mode decides who comes in.</summary>
    public bool AreAsked(ConnectionOrigin origin) => _password is not null && origin != ConnectionOrigin.UnixSocket;

    /// <param name="authorization">The value of the Authorization header, or null.</param>
    public bool Accept(string? authorization)
    {
        if (_user is null || _password is null)
        {
            return true;
        }

        if (authorization is null || authorization.Length > MaxHeaderLength)
        {
            return false;
        }

        ReadOnlySpan<char> text = authorization.AsSpan().Trim();
        int space = text.IndexOf(' ');
        if (space < 0 || !text[..space].Equals("Basic", StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        byte[] pair = new byte[MaxHeaderLength];
        if (!Convert.TryFromBase64Chars(text[(space + 1)..].Trim(), pair, out int length))
        {
            return false;
        }

        int colon = pair.AsSpan(0, length).IndexOf((byte)':');
        if (colon < 0)
        {
            return false;
        }

        // Hashes have one length, so that neither the lengths nor the place of the first difference shows in the time.
        bool userIsRight = CryptographicOperations.FixedTimeEquals(SHA256.HashData(pair.AsSpan(0, colon)), _user);
        bool passwordIsRight = CryptographicOperations.FixedTimeEquals(SHA256.HashData(pair.AsSpan(colon + 1, length - colon - 1)), _password);
        return userIsRight & passwordIsRight;
    }
}
