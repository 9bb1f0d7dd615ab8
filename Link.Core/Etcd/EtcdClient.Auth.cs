namespace Link.Core.Etcd;

internal sealed partial class EtcdClient
{
    private static readonly TimeSpan RefusalRest = TimeSpan.FromSeconds(5);

    private readonly SemaphoreSlim _authenticating = new(1);
    private string? _token;

    /// <summary>etcd told that it has no authentication: no token until it asks for one.</summary>
    private bool _needsNoToken;

    /// <summary>The last refusal, repeated without asking etcd for a while: each try costs the member a bcrypt hash.</summary>
    private EtcdException? _refusal;

    private long _refusedAt;

    private long _authenticatedAt;

    /// <summary>The session is gone (the member restarted, the token aged, rights were changed), as opposed to a wrong password.</summary>
    private static bool IsTokenFault(EtcdException fault) => fault.Kind == EtcdFailure.Unauthenticated
        && (fault.Reason.Contains("invalid auth token", StringComparison.Ordinal)
            || fault.Reason.Contains("user name is empty", StringComparison.Ordinal)
            || fault.Reason.Contains("auth store is old", StringComparison.Ordinal));

    /// <summary>Of many failures with one token only the first forgets it: a newer one stays.</summary>
    private void ForgetToken(long since)
    {
        lock (_gate)
        {
            if (_authenticatedAt > since)
                return;
            _token = null;
            _needsNoToken = false;
        }
    }

    /// <summary>The token of the session, which is opened if need be; null without a user.</summary>
    private async ValueTask<string?> TokenAsync(EtcdConnection connection, TimeSpan timeout, CancellationToken cancel)
    {
        if (_options.User is null)
            return null;
        lock (_gate)
            if (_token is not null || _needsNoToken)
                return _token;
        await _authenticating.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            lock (_gate)
            {
                if (_token is not null || _needsNoToken)
                    return _token;
                if (_refusal is not null && Time.GetElapsedTime(_refusedAt) < RefusalRest)
                    throw _refusal;
            }
            return await AuthenticateAsync(connection, timeout, cancel).ConfigureAwait(false);
        }
        finally
        {
            _authenticating.Release();
        }
    }

    private async Task<string?> AuthenticateAsync(EtcdConnection connection, TimeSpan timeout, CancellationToken cancel)
    {
        var request = new AuthenticateRequest { Name = _options.User, Password = _options.Password ?? "" };
        try
        {
            AuthenticateResponse response = await connection.CallAsync(Rpc.Authenticate, request, token: null, timeout, cancel).ConfigureAwait(false);
            lock (_gate)
            {
                _refusal = null;
                _token = response.Token;
                _authenticatedAt = Time.GetTimestamp();
                return _token;
            }
        }
        catch (EtcdException fault) when (fault.Kind == EtcdFailure.AuthenticationNotEnabled)
        {
            lock (_gate)
                _needsNoToken = true;
            return null;
        }
        catch (EtcdException fault) when (fault.Kind is EtcdFailure.Unauthenticated or EtcdFailure.InvalidRequest or EtcdFailure.PermissionDenied)
        {
            var refusal = new EtcdException(
                EtcdFailure.Unauthenticated, connection.Name, $"user {_options.User} is refused: {fault.Reason}", maybeApplied: false, fault.GrpcCode);
            lock (_gate)
            {
                _refusal = refusal;
                _refusedAt = Time.GetTimestamp();
            }
            throw refusal;
        }
        catch (EtcdException fault) when (fault.MaybeApplied)
        {
            // What may have been done is a log-in; the call behind it was not sent.
            throw new EtcdException(fault.Kind, fault.Endpoint, fault.Reason, maybeApplied: false, fault.GrpcCode);
        }
    }
}
