using System.Security.Cryptography;
using System.Text;

namespace Link.Core.Api.Access;

/// <summary>USER and PASSWORD: one pair, an admin's.</summary>
internal sealed class SoleUser(string user, string password)
{
    private readonly byte[] _user = SHA256.HashData(Encoding.UTF8.GetBytes(user));
    private readonly byte[] _password = SHA256.HashData(Encoding.UTF8.GetBytes(password));

    public bool Matches(BasicCredentials credentials)
    {
        // Hashes have one length, so that neither the lengths nor the place of the first difference shows in the time.
        bool userIsRight = CryptographicOperations.FixedTimeEquals(SHA256.HashData(credentials.UserBytes), _user);
        bool passwordIsRight = CryptographicOperations.FixedTimeEquals(SHA256.HashData(credentials.Password), _password);
        return userIsRight & passwordIsRight;
    }
}
