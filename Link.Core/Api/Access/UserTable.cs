using System.Globalization;
using System.Net;

namespace Link.Core.Api.Access;

/// <summary>The users of one reading of the users file, and which of their passwords were found right since. Goes as a whole when the file changes.</summary>
internal sealed class UserTable
{
    private const int MaxUsers = 1000;
    private const int MaxFaults = 10;

    private readonly Dictionary<string, ApiUser> _users;
    private readonly int _mostIterations;
    private readonly PasswordHash _nobody;
    private readonly VerifiedPasswords _verified = new();

    private UserTable(Dictionary<string, ApiUser> users)
    {
        _users = users;
        _mostIterations = users.Values.Max(user => user.Hash.Iterations);
        _nobody = PasswordHash.OfNobody(_mostIterations);
    }

    public int Count => _users.Count;

    /// <summary>Reads <c>name:role:hash</c> lines.</summary>
    /// <returns>The users; or null and which lines are wrong, without what stands in them: a misplaced field may be a hash or a password.</returns>
    public static UserTable? Parse(string text, out IReadOnlyList<string> faults)
    {
        Dictionary<string, ApiUser> users = [];
        Dictionary<string, int> lineOf = [];
        List<string> found = [];
        int number = 0;
        foreach (ReadOnlySpan<char> raw in text.AsSpan().EnumerateLines())
        {
            number++;
            string line = raw.Trim().ToString();
            if (line.Length == 0 || line[0] == '#')
            {
                continue;
            }

            string? fault = ReadLine(line, out ApiUser? user);
            if (user is not null && lineOf.TryGetValue(user.Name, out int first))
            {
                fault = string.Create(CultureInfo.InvariantCulture, $"the same name as in line {first}");
            }

            if (fault is not null)
            {
                found.Add(string.Create(CultureInfo.InvariantCulture, $"line {number}: {fault}"));
                continue;
            }

            users.Add(user!.Name, user);
            lineOf.Add(user.Name, number);
        }

        if (users.Count > MaxUsers)
        {
            found.Add($"more than {MaxUsers} users");
        }
        else if (users.Count == 0 && found.Count == 0)
        {
            found.Add("no user in it; make a line with: link-client hash-password --user NAME --role ROLE");
        }

        faults = found.Count <= MaxFaults ? found : [.. found[..MaxFaults], $"and {found.Count - MaxFaults} more"];
        return found.Count == 0 ? new UserTable(users) : null;
    }

    /// <summary>The user, if this password of theirs was found right before, from the same source.</summary>
    public ApiUser? FindVerified(IPAddress source, BasicCredentials credentials) =>
        _users.TryGetValue(credentials.User, out ApiUser? user) && _verified.Contains(source, credentials.Pair) ? user : null;

    /// <summary>The user, if the password is right. Takes long, and as long for a user that there is not, unless it was found right before.</summary>
    public ApiUser? Verify(IPAddress source, BasicCredentials credentials)
    {
        ApiUser? user = _users.GetValueOrDefault(credentials.User);
        bool right = _verified.Contains(credentials.Pair) || (user?.Hash ?? _nobody).Matches(credentials.Password, _mostIterations);
        if (!right || user is null)
        {
            return null;
        }

        _verified.Add(source, credentials.Pair);
        return user;
    }

    private static string? ReadLine(string line, out ApiUser? user)
    {
        user = null;
        string[] fields = line.Split(':');
        if (fields.Length != 3)
        {
            return "not of the form NAME:ROLE:HASH";
        }

        if (UserName.Fault(fields[0]) is { } wrongName)
        {
            return $"the name {wrongName}";
        }

        if (RoleWord.Parse(fields[1]) is not { } role)
        {
            return "the role is not read, operate or admin";
        }

        if (PasswordHash.Parse(fields[2], out string? wrongHash) is not { } hash)
        {
            return wrongHash;
        }

        user = new ApiUser(fields[0], role, hash);
        return null;
    }
}
