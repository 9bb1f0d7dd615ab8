using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary>kill(2) with signal 0: does a process exist?</summary>
internal static partial class Processes
{
    /// <summary>True also for a process that we may not signal (EPERM).</summary>
    public static bool Exists(int pid) => kill(pid, 0) == 0 || Marshal.GetLastPInvokeError() != ESRCH;

    // No such process.
    private const int ESRCH = 3;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int kill(int pid, int sig);
}
