using System.Runtime.InteropServices;
using static Link.Core.Net.Linux.SysPrctl;
using static Link.Core.Net.Linux.SysResource;

namespace Link.Core.Net.Linux;

/// <summary>A process's memory as others may get at it: by a crash that writes it to a file, by a debugger, by /proc/PID/mem and environ.</summary>
internal static unsafe class CoreDumps
{
    /// <summary>
    /// Not for this process any more: no core file, wherever core_pattern(5) sends it, and other processes of this user find its /proc entries to be root's.
    /// Programs that it starts may be debugged again, and write no core file either.
    /// </summary>
    /// <exception cref="KernelException">The kernel refuses it, which it does to nobody.</exception>
    public static void Forbid()
    {
        if (Libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
            throw new KernelException("make the process undumpable", Marshal.GetLastPInvokeError());
        // Second, and without an error: a system call filter may forbid it, and what it is for is done.
        rlimit none = default;
        _ = Libc.setrlimit(RLIMIT_CORE, &none);
    }
}
