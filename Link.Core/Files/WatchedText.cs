using System.Security.Cryptography;
using System.Text;

namespace Link.Core.Files;

/// <summary>
/// A text file as it was read at one time. Two are the same when their bytes are, so that a change is found whatever the file's times, size and links
/// say: renewals replace files, directories or symbolic links.
/// </summary>
internal sealed record WatchedText(string Path, string Text)
{
    /// <summary>Largest file that is read, in bytes.</summary>
    public const int MaxBytes = 1024 * 1024;

    private readonly byte[] _digest = SHA256.HashData(Encoding.UTF8.GetBytes(Text));

    /// <summary>Whether users other than its owner and group may read it.</summary>
    public bool IsOpenToAll { get; private init; }

    /// <exception cref="IOException">It cannot be read, or is too large.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static WatchedText Read(string path)
    {
        // A device would never end.
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        if (!file.CanSeek)
            throw new IOException("not a regular file");
        if (file.Length > MaxBytes)
            throw new IOException($"larger than {MaxBytes} bytes");
        bool open = !OperatingSystem.IsWindows() && (File.GetUnixFileMode(file.SafeFileHandle) & UnixFileMode.OtherRead) != 0;
        byte[] bytes = new byte[file.Length];
        int count = file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        return new WatchedText(path, Encoding.UTF8.GetString(bytes, 0, count)) { IsOpenToAll = open };
    }

    public bool Equals(WatchedText? other) => other is not null && Path == other.Path && _digest.AsSpan().SequenceEqual(other._digest);

    public override int GetHashCode() => BitConverter.ToInt32(_digest);

    /// <summary>The path, not the text: it may be a key.</summary>
    public override string ToString() => Path;

    /// <summary>Why a file could not be read, without its path.</summary>
    public static string Reason(Exception fault, string path) => fault switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        UnauthorizedAccessException => Directory.Exists(path) ? "is a directory" : "permission denied",
        _ => fault.Message.Replace(path, "it", StringComparison.Ordinal).ReplaceLineEndings(" "),
    };
}
