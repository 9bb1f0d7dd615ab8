using System.Net;

namespace Link.Core.Api.Access;

/// <summary>Decides who sends a request: before the route, so that a stranger does not learn which routes there are.</summary>
/// <param name="sole">USER and PASSWORD, or null.</param>
/// <param name="users">The users file, or null. With neither of the two nobody is asked.</param>
/// <param name="local">Who comes when nobody is asked; null: all are admins.</param>
/// <param name="time">For lock-outs.</param>
/// <param name="log">Takes one line.</param>
internal sealed class Gate(SoleUser? sole, UsersFile? users, LocalClients? local, TimeProvider time, Action<string, Exception?> log)
{
    private const int BusyMs = 1000;

    private static readonly Caller s_anyone = new("anyone", Role.Admin);

    private readonly FailureLimit _failures = new();

    private readonly PasswordQueue _passwords = new(time);

    /// <param name="connection">How the request came.</param>
    /// <param name="authorization">The values of the Authorization header.</param>
    /// <param name="clientGone">Ends the wait.</param>
    public async ValueTask<Admission> AdmitAsync(ConnectionOriginFeature connection, IReadOnlyList<string?> authorization, CancellationToken clientGone)
    {
        if (connection.Origin == ConnectionOrigin.UnixSocket)
        {
            return connection.Local is { } peer
                ? Admission.Of(peer)
                : Admission.Refused(ApiAnswer.Error(403, $"uid {connection.Uid} may not use this socket: use sudo, or join the group link"));
        }

        if (sole is null && users is null)
        {
            return Admission.Of(local is null ? s_anyone : await local.FindAsync(connection, clientGone));
        }

        if (authorization.Count == 0)
        {
            // Browsers and many clients ask without credentials first.
            return Admission.Refused(ApiAnswer.Unauthorized());
        }

        if (LockedOut(connection.Source) is { } locked)
        {
            return locked;
        }

        BasicCredentials? credentials = authorization.Count == 1 ? BasicCredentials.Parse(authorization[0]) : null;
        if (credentials is null)
        {
            return Fail(connection.Source, "");
        }

        if (sole?.Matches(credentials) == true)
        {
            return Succeed(connection.Source, credentials, Role.Admin);
        }

        return users is null ? Fail(connection.Source, credentials.User) : await VerifyAsync(connection.Source, credentials, clientGone);
    }

    private async ValueTask<Admission> VerifyAsync(IPAddress source, BasicCredentials credentials, CancellationToken clientGone)
    {
        if (users!.Current.FindVerified(source, credentials) is { } known)
        {
            return Succeed(source, credentials, known.Role);
        }

        (bool busy, ApiUser? user) = await _passwords.CheckAsync(source, credentials, () => Check(source, credentials), clientGone);
        if (user is not null)
        {
            return Succeed(source, credentials, user.Role);
        }

        // Others of the same source may have failed meanwhile.
        if (LockedOut(source) is { } locked)
        {
            return locked;
        }

        // Whoever is not heard counts as wrong: else a crowd of guesses would tell at once the one that needs no hash any more.
        Admission refusal = Fail(source, credentials.User);
        return busy ? Admission.Refused(ApiAnswer.TooMany("too many passwords are waiting to be checked", BusyMs)) : refusal;
    }

    private ApiUser? Check(IPAddress source, BasicCredentials credentials)
    {
        if (LockedOut(source) is not null)
        {
            return null;
        }

        // The same pair may have been found right meanwhile.
        UserTable table = users!.Current;
        return table.FindVerified(source, credentials) ?? table.Verify(source, credentials);
    }

    private long NowMs => (long)time.GetElapsedTime(0).TotalMilliseconds;

    private Admission? LockedOut(IPAddress source) => _failures.LockedForMs(source, NowMs) is { } waitMs
        ? Admission.Refused(ApiAnswer.TooMany("too many wrong credentials from this address", waitMs))
        : null;

    private Admission Succeed(IPAddress source, BasicCredentials credentials, Role role)
    {
        string name = UserName.ForLog(credentials.User);
        _failures.Succeed(source, name);
        return Admission.Of(new Caller($"user {name}", role));
    }

    private Admission Fail(IPAddress source, string user)
    {
        string name = UserName.ForLog(user);
        if (_failures.Fail(source, name, NowMs) is { } lockMs)
        {
            log($"api: too many wrong credentials from {source}, the last for user \"{name}\"; no answer but 429 for {lockMs / 1000} s", null);
        }

        return Admission.Refused(ApiAnswer.Unauthorized());
    }
}
