using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary>kill(2) with signal 0: does a process exist?</summary>
internal static class Processes
{
    /// <param name="pid">Below 0: does a process of that group exist?</param>
    /// <returns>True also for a process that we may not signal (EPERM).</returns>
    public static bool Exists(int pid) => Libc.kill(pid, 0) == 0 || Marshal.GetLastPInvokeError() != Errno.ESRCH;
}
