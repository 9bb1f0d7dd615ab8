using Link.Core.Files;

namespace Link.Core.Api.Access;

/// <summary>
/// The file of users, looked at again when somebody comes, once a second at the most. What cannot be used is said once, and the users read before stay.
/// </summary>
internal sealed class UsersFile(string path, TimeProvider time, Action<string, Exception?> log)
{
    private static readonly TimeSpan s_checkInterval = TimeSpan.FromSeconds(1);

    private readonly Lock _gate = new();
    private WatchedText? _read;
    private UserTable? _users;
    private string? _saidFault;
    private bool _saidOpen;
    private long _checkedAt;

    /// <summary>The users as of now. Only after a <see cref="Refresh"/> that succeeded.</summary>
    public UserTable Current
    {
        get
        {
            lock (_gate)
            {
                if (time.GetElapsedTime(_checkedAt) >= s_checkInterval)
                {
                    Check();
                }

                return _users ?? throw new InvalidOperationException("The users file was not read at the start.");
            }
        }
    }

    /// <summary>Reads the file now. Null, or what is wrong with it, in one line; once there are users to go on with, the log says it too.</summary>
    public string? Refresh()
    {
        lock (_gate)
        {
            _saidFault = null;
            return Check();
        }
    }

    private string? Check()
    {
        _checkedAt = time.GetTimestamp();
        string? fault = Read();
        if (fault is not null && fault != _saidFault && _users is not null)
        {
            log($"api: {fault}; the users read before stay", null);
        }

        _saidFault = fault;
        return fault;
    }

    private string? Read()
    {
        try
        {
            WatchedText text = WatchedText.Read(path);
            if (text.IsOpenToAll && !_saidOpen)
            {
                log($"api: users file {path}: everybody on this host may read the hashes in it: chmod o-r it", null);
            }

            _saidOpen = text.IsOpenToAll;
            if (text == _read)
            {
                return null;
            }

            UserTable? users = UserTable.Parse(text.Text, out IReadOnlyList<string> faults);
            if (users is null)
            {
                return $"users file {path}: {string.Join("; ", faults)}";
            }

            (_read, _users) = (text, users);
            return null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return $"users file {path}: {WatchedText.Reason(fault, path)}";
        }
    }
}
