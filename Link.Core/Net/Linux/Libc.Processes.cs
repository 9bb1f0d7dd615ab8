using System.Runtime.InteropServices;
using static Link.Core.Net.Linux.Capability;
using static Link.Core.Net.Linux.Spawn;
using static Link.Core.Net.Linux.SysPoll;

namespace Link.Core.Net.Linux;

/// <summary>Calls about processes and files. Those of <c>spawn.h</c> answer with the error itself instead of setting errno.</summary>
internal static unsafe partial class Libc
{
    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int posix_spawn(int* pid, string path, posix_spawn_file_actions_t* actions, posix_spawnattr_t* attributes, byte** argv, byte** envp);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_init(posix_spawnattr_t* attributes);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_destroy(posix_spawnattr_t* attributes);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setflags(posix_spawnattr_t* attributes, short flags);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setsigmask(posix_spawnattr_t* attributes, sigset_t* signals);

    [LibraryImport("libc")]
    public static partial int posix_spawnattr_setsigdefault(posix_spawnattr_t* attributes, sigset_t* signals);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_init(posix_spawn_file_actions_t* actions);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_destroy(posix_spawn_file_actions_t* actions);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int posix_spawn_file_actions_addopen(posix_spawn_file_actions_t* actions, int fd, string path, int flags, uint mode);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_adddup2(posix_spawn_file_actions_t* actions, int fd, int newFd);

    [LibraryImport("libc")]
    public static partial int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t* actions, int from);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    public static partial int posix_spawn_file_actions_addchdir_np(posix_spawn_file_actions_t* actions, string path);

    [LibraryImport("libc")]
    public static partial int sigemptyset(sigset_t* signals);

    [LibraryImport("libc")]
    public static partial int sigfillset(sigset_t* signals);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int waitpid(int pid, int* status, int options);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int waitid(int idType, int id, siginfo_t* info, int options);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int pipe2(int* fds, int flags);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int poll(pollfd* fds, nuint count, int timeoutMs);

    /// <summary>For calls that the C library has no function for in every version that we run on.</summary>
    [LibraryImport("libc", SetLastError = true)]
    public static partial nint syscall(nint number, nint first, nint second);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int prctl(int option, nuint second, nuint third, nuint fourth, nuint fifth);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int capget(__user_cap_header_struct* header, __user_cap_data_struct* data);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int capset(__user_cap_header_struct* header, __user_cap_data_struct* data);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int setrlimit(int resource, SysResource.rlimit* limit);

    [LibraryImport("libc")]
    public static partial uint geteuid();

    [LibraryImport("libc")]
    public static partial uint getegid();

    /// <summary>Answers with the error itself.</summary>
    [LibraryImport("libc")]
    public static partial int getpwuid_r(uint uid, Pwd.passwd* entry, byte* texts, nuint size, Pwd.passwd** found);

    [LibraryImport("libc")]
    public static partial int getgrouplist(byte* user, uint group, uint* groups, int* count);

    [LibraryImport("libc", SetLastError = true)]
    public static partial int unshare(int flags);

    [LibraryImport("libc")]
    public static partial uint umask(uint mask);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int statx(int directory, string path, int flags, uint mask, SysStat.statx* status);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial int access(string path, int mode);
}
