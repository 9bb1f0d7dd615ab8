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
    private const int MostWaiting = 64;
    private const int MostWaitingOfOneSource = 8;
    private const int BusyMs = 1000;

    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(10);
    private static readonly Caller s_anyone = new("anyone", Role.Admin);

    private readonly FailureLimit _failures = new();

    // A hash takes a tenth of a second of a processor that the agent needs for other things: one at a time, and a queue with a bound.
    private readonly SemaphoreSlim _turn = new(1);
    private readonly PlacesBySource _waiting = new(MostWaiting, MostWaitingOfOneSource);

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
        if (users!.Current.FindVerified(credentials) is { } known)
        {
            return Succeed(source, credentials, known.Role);
        }

        if (!_waiting.TryTake(source))
        {
            return Busy();
        }

        try
        {
            if (!await _turn.WaitAsync(s_longestWait, clientGone))
            {
                return Busy();
            }

            try
            {
                // Others of the same source may have failed meanwhile, or the same pair may have been found right.
                if (LockedOut(source) is { } locked)
                {
                    return locked;
                }

                UserTable table = users.Current;
                ApiUser? user = table.FindVerified(credentials) ?? await Task.Run(() => table.Verify(credentials), CancellationToken.None);
                return user is null ? Fail(source, credentials.User) : Succeed(source, credentials, user.Role);
            }
            finally
            {
                _turn.Release();
            }
        }
        finally
        {
            _waiting.Leave(source);
        }
    }

    private long NowMs => (long)time.GetElapsedTime(0).TotalMilliseconds;

    private static Admission Busy() => Admission.Refused(ApiAnswer.TooMany("too many passwords are waiting to be checked", BusyMs));

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
