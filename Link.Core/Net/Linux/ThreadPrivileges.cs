using System.Runtime.InteropServices;
using static Link.Core.Net.Linux.Capability;
using static Link.Core.Net.Linux.SysPrctl;

namespace Link.Core.Net.Linux;

/// <summary>
/// Makes what the calling thread executes start without this process's capabilities, see capabilities(7). All of it is the thread's own and counts at
/// execve(2) only: what the thread itself may do stays as it is, so that threads that are born of it lack nothing either.
/// </summary>
internal static unsafe class ThreadPrivileges
{
    /// <exception cref="KernelException">What is executed would keep some: it must not be executed.</exception>
    public static void DropForPrograms()
    {
        // No set-user-ID program and no file with capabilities gives back what is taken here.
        Require(Libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "set no_new_privs");
        Require(Libc.prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "clear the ambient capabilities");
        bool isRoot = Libc.geteuid() == 0;
        ClearInheritable(isRoot);

        // What root executes gets all that is in the bounding set. Others get nothing of it, and may not change it.
        if (isRoot)
            EmptyBoundingSet();
    }

    private static void EmptyBoundingSet()
    {
        // The kernel knows no more at the first one that cannot be read.
        for (nuint capability = 0; Libc.prctl(PR_CAPBSET_READ, capability, 0, 0, 0) is var isIn and >= 0; capability++)
        {
            if (isIn != 0)
                Require(Libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0), $"drop capability {capability} from the bounding set");
        }
    }

    /// <param name="isRoot">For others, it counts only with files that have inheritable capabilities; the service's system call filter forbids capset.</param>
    private static void ClearInheritable(bool isRoot)
    {
        __user_cap_header_struct header = new() { version = _LINUX_CAPABILITY_VERSION_3 };
        __user_cap_data_struct* data = stackalloc __user_cap_data_struct[2];
        Require(Libc.capget(&header, data), "read the capabilities");
        if ((data[0].inheritable | data[1].inheritable) == 0)
            return;
        data[0].inheritable = data[1].inheritable = 0;
        int result = Libc.capset(&header, data);
        if (isRoot)
            Require(result, "clear the inheritable capabilities");
    }

    private static void Require(int result, string what)
    {
        if (result != 0)
            throw new KernelException(what, Marshal.GetLastPInvokeError());
    }
}
