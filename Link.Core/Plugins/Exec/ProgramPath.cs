using System.Runtime.InteropServices;
using Link.Core.Net.Linux;

namespace Link.Core.Plugins.Exec;

/// <summary>
/// Which programs may be run: executable files of root's, in directories that only root can write, all the way up and wherever a symlink leads; and
/// named by a path below the directories that the administrator has set aside for them, so that who may add an endpoint cannot run any program there is.
/// </summary>
internal static class ProgramPath
{
    private const int MaxSymlinks = 40;

    /// <param name="path">Absolute, without empty parts, <c>.</c> and <c>..</c>.</param>
    /// <param name="directories">Below which programs are.</param>
    /// <param name="isForThisUser">Whether it is this process's user who runs it; else what that one cannot see is not judged.</param>
    /// <returns>Why it may not be run, and what to do; null: it may.</returns>
    public static string? Fault(string path, IReadOnlyList<string> directories, bool isForThisUser = true)
    {
        if (directories.Count == 0)
            return $"{path} may not be run: EXEC_DIRECTORIES is none on this host";
        if (!directories.Any(directory => path.StartsWith(directory.TrimEnd('/') + "/", StringComparison.Ordinal)))
            return $"{path} is not below {string.Join(" or ", directories)}; put it there, or a symlink to it, or change EXEC_DIRECTORIES";
        if (DirectoryFault("/") is { } wrong)
            return $"{path} may not be run: {wrong}";
        var ahead = new Stack<string>();
        Push(ahead, path);
        string at = "/";
        int symlinks = 0;
        while (ahead.TryPop(out string? part))
        {
            if (part == "..")
            {
                at = Path.GetDirectoryName(at) ?? "/";
                continue;
            }

            string next = at == "/" ? $"/{part}" : $"{at}/{part}";
            if (FileStatus.Read(next, out int errno) is not { } status)
            {
                if (errno == Errno.EACCES && !isForThisUser)
                    return null;
                return errno == Errno.ENOENT ? $"{path} cannot be run: {next} does not exist on this host" : $"{path} cannot be run: {next}: {Text(errno)}; the user who runs programs must be able to reach it";
            }

            if (status.IsSymlink)
            {
                // Who may replace it may write its directory, which is root alone.
                if (++symlinks > MaxSymlinks || new FileInfo(next).LinkTarget is not { } target)
                    return $"{path} cannot be run: too many symlinks at {next}";
                if (target.StartsWith('/'))
                    at = "/";
                Push(ahead, target);
                continue;
            }

            at = next;
            if (ahead.Count > 0 && !status.IsDirectory)
                return $"{path} cannot be run: {next} is not a directory";
            if ((status.IsDirectory ? DirectoryFault(next, status) : FileFault(next, status, isForThisUser)) is { } fault)
                return $"{path} may not be run: {fault}";
        }

        return FileStatus.Read(at, out _) is { IsDirectory: true } ? $"{path} is a directory, not a program" : null;
    }

    public static string Text(int errno) => $"{Marshal.GetPInvokeErrorMessage(errno)} (errno {errno})";

    private static void Push(Stack<string> ahead, string path)
    {
        string[] parts = path.Split('/');
        for (int i = parts.Length - 1; i >= 0; i--)
        {
            if (parts[i] is not ("" or "."))
                ahead.Push(parts[i]);
        }
    }

    private static string? DirectoryFault(string directory) =>
        FileStatus.Read(directory, out int errno) is { } status ? DirectoryFault(directory, status) : $"{directory}: {Text(errno)}";

    /// <summary>A sticky directory such as /tmp is none that only root can write, either.</summary>
    private static string? DirectoryFault(string directory, FileStatus status) =>
        status.Owner != 0 ? $"directory {directory} belongs to user {status.Owner}, who could replace the program; `chown root:root {directory}; chmod go-w {directory}`, or put it elsewhere"
        : status.IsWritableByOthers ? $"others than root can write directory {directory} and so replace the program; `chown root:root {directory}; chmod go-w {directory}`, or put it elsewhere"
        : null;

    private static string? FileFault(string file, FileStatus status, bool isForThisUser) =>
        !status.IsRegular ? $"{file} is not a regular file"
        : status.Owner != 0 ? $"{file} belongs to user {status.Owner}, who can change it; `chown root:root {file}; chmod go-w {file}`"
        : status.IsWritableByOthers ? $"others than root can change {file}; `chown root:root {file}; chmod go-w {file}`"
        : isForThisUser && !FileStatus.MayExecute(file) ? $"{file} is not executable for the user who runs programs; `chmod a+rx {file}`, and see whether its file system is mounted with noexec"
        : null;
}
