using System.Net.Sockets;
using System.Text;

namespace Link.Core.Api;

/// <summary>The file of a Unix socket: made beside its place and moved there, so that no client meets it with the wrong mode.</summary>
internal static class UnixSocketFile
{
    private const string NewSuffix = ".new";

    // sun_path, with its closing zero.
    private const int MaxPathBytes = 107;

    private const UnixFileMode DirectoryMode =
        UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute |
        UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private const UnixFileMode SocketMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite;

    private static readonly TimeSpan s_probeDeadline = TimeSpan.FromSeconds(1);

    /// <summary>Binds <paramref name="path"/>, in place of what a dead process left there.</summary>
    /// <returns>The socket, which does not listen yet; or null and why there is none.</returns>
    public static async Task<(Socket? Socket, string? Reason)> BindAsync(string path, CancellationToken cancel)
    {
        if (OperatingSystem.IsWindows())
        {
            return (null, "not on Windows");
        }

        string made = path + NewSuffix;
        if (!Path.IsPathRooted(path) || Encoding.UTF8.GetByteCount(made) > MaxPathBytes)
        {
            return (null, $"{path} is not an absolute path of at most {MaxPathBytes - NewSuffix.Length} bytes");
        }

        Socket? socket = null;
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!, DirectoryMode);
            if (Directory.Exists(path) || new FileInfo(path) is { Exists: true, Length: > 0 })
            {
                return (null, $"{path} is no socket");
            }

            if (await IsServedAsync(path, cancel))
            {
                return (null, $"{path} belongs to another process that is alive");
            }

            File.Delete(made);
            socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Bind(new UnixDomainSocketEndPoint(made));
            File.SetUnixFileMode(made, SocketMode);
            File.Move(made, path, overwrite: true);
            return (socket, null);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or SocketException)
        {
            socket?.Dispose();
            return (null, $"{path}: {fault.Message}");
        }
    }

    /// <summary>Removes the file after its socket was closed, unless another process serves it by now.</summary>
    public static async Task RemoveAsync(string path, CancellationToken cancel)
    {
        try
        {
            if (File.Exists(path) && !await IsServedAsync(path, cancel))
            {
                File.Delete(path);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // A file that stays is replaced at the next start.
        }
    }

    /// <summary>Whether a process listens there. What cannot be told counts as yes.</summary>
    private static async Task<bool> IsServedAsync(string path, CancellationToken cancel)
    {
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        // The answer is nearly always no. As an exception, the first of most processes, it would make the runtime read the names of all methods: 3 MiB.
        using SocketAsyncEventArgs attempt = new() { RemoteEndPoint = new UnixDomainSocketEndPoint(path) };
        TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        attempt.Completed += (_, _) => ended.TrySetResult();
        if (probe.ConnectAsync(attempt) && await Task.WhenAny(ended.Task, Task.Delay(s_probeDeadline, cancel)) != ended.Task)
        {
            cancel.ThrowIfCancellationRequested();
            return true;
        }

        // ECONNREFUSED: a file that nobody listens to. ENOENT, which .NET calls AddressNotAvailable: no file.
        return attempt.SocketError is not (SocketError.ConnectionRefused or SocketError.AddressNotAvailable);
    }
}
