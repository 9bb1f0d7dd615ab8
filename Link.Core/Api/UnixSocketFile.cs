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

    /// <summary>Binds <paramref name="path"/>, in place of what a dead process left there.</summary>
    /// <returns>The socket, which does not listen yet; or null and why there is none.</returns>
    public static (Socket? Socket, string? Reason) Bind(string path)
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

            if (IsServed(path))
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
    public static void Remove(string path)
    {
        try
        {
            if (File.Exists(path) && !IsServed(path))
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
    private static bool IsServed(string path)
    {
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        // The answer is nearly always no. As an exception it costs a process that is compiled ahead of time 3 MiB for good: the names in the text of its stack.
        using SocketAsyncEventArgs attempt = new() { RemoteEndPoint = new UnixDomainSocketEndPoint(path) };
        // A Unix socket answers at once; a full queue is an answer too (EAGAIN).
        // ECONNREFUSED: a file that nobody listens to. ENOENT, which .NET calls AddressNotAvailable: no file.
        return probe.ConnectAsync(attempt) || attempt.SocketError is not (SocketError.ConnectionRefused or SocketError.AddressNotAvailable);
    }
}
