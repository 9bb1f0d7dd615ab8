using System.Runtime.InteropServices;
using static Link.Core.Net.Linux.Signal;
using static Link.Core.Net.Linux.Spawn;
using static Link.Core.Net.Linux.SysPoll;
using static Link.Core.Net.Linux.SysStat;

namespace Link.Core.Net.Linux;

/// <summary>
/// A program under way, the first process of a session and process group of its own. What it writes comes through one pipe; its standard input is empty,
/// its directory is <c>/</c>, no other descriptor of ours is open in it, and it has none of this process's capabilities. One thread uses it.
/// </summary>
internal sealed unsafe class ChildProcess : IDisposable
{
    // The same on every architecture; the C library has a function for it only since version 2.36.
    private const int SYS_pidfd_open = 434;
    private const uint Umask = 0b000_010_010;

    private readonly int _pid;
    private readonly FileDescriptor _output;
    private FileDescriptor? _pidfd;
    private bool _reaped;

    private ChildProcess(int pid, FileDescriptor output)
    {
        _pid = pid;
        _output = output;
    }

    /// <summary>False once the output has ended.</summary>
    public bool IsOutputOpen { get; private set; } = true;

    /// <summary>True once the program has ended; others of its group may go on.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>
    /// Starts a program. Leaves the calling thread without what programs get at their start, see <see cref="ThreadPrivileges"/>: for a thread that ends
    /// with the program.
    /// </summary>
    /// <param name="argv">With the program's name first.</param>
    /// <param name="environment">All of it, as NAME=value.</param>
    /// <exception cref="KernelException">It cannot be started.</exception>
    public static ChildProcess Start(string path, IReadOnlyList<string> argv, IReadOnlyList<string> environment)
    {
        ThreadPrivileges.DropForPrograms();
        int* ends = stackalloc int[2];
        if (Libc.pipe2(ends, O_CLOEXEC) != 0)
            throw new KernelException("open a pipe", Marshal.GetLastPInvokeError());
        FileDescriptor output = FileDescriptor.Own(ends[0], "pipe2");
        ChildProcess child;
        using (FileDescriptor written = FileDescriptor.Own(ends[1], "pipe2"))
        {
            try
            {
                child = new ChildProcess(SpawnWithUmask(path, argv, environment, written.Number), output);
            }
            catch
            {
                output.Dispose();
                throw;
            }
        }

        try
        {
            child._pidfd = FileDescriptor.Own((int)Libc.syscall(SYS_pidfd_open, child._pid, 0), "pidfd_open");
            return child;
        }
        catch
        {
            child.Dispose();
            throw;
        }
    }

    /// <summary>Waits until the program writes or ends, or something else happens.</summary>
    /// <param name="wake">Ends the wait; null: nothing does.</param>
    /// <returns>False: the time is over, or <paramref name="wake"/> is set.</returns>
    public bool Wait(EventFd? wake, long timeoutMs)
    {
        pollfd* fds = stackalloc pollfd[3];
        fds[0] = new pollfd { fd = HasEnded ? -1 : _pidfd!.Number, events = POLLIN };
        fds[1] = new pollfd { fd = IsOutputOpen ? _output.Number : -1, events = POLLIN };
        fds[2] = new pollfd { fd = wake?.Fd ?? -1, events = POLLIN };
        int ready = Libc.poll(fds, 3, (int)Math.Clamp(timeoutMs, 0, int.MaxValue));
        if (ready < 0)
        {
            int errno = Marshal.GetLastPInvokeError();
            return errno == Errno.EINTR ? true : throw new KernelException("poll", errno);
        }

        HasEnded |= fds[0].revents != 0;
        IsReadable = fds[1].revents != 0;
        return ready > 0 && fds[2].revents == 0;
    }

    /// <summary>Whether the last <see cref="Wait"/> found something to read, or the end of the output.</summary>
    public bool IsReadable { get; private set; }

    /// <summary>Reads what is there, after <see cref="IsReadable"/>; would wait otherwise.</summary>
    public ReadOnlySpan<byte> Read(Span<byte> buffer)
    {
        nint count;
        fixed (byte* to = buffer)
            count = Libc.read(_output, to, (nuint)buffer.Length);
        IsReadable = false;
        if (count > 0)
            return buffer[..(int)count];
        if (count == 0 || Marshal.GetLastPInvokeError() != Errno.EINTR)
            IsOutputOpen = false;
        return default;
    }

    /// <summary>To all processes of its group. Before <see cref="Reap"/> only: until then nobody else can have its number.</summary>
    public void SignalGroup(int signal)
    {
        if (!_reaped)
            _ = Libc.kill(-_pid, signal);
    }

    /// <summary>Waits for the end of the program, without limit. Its number stays its own until <see cref="Reap"/>.</summary>
    /// <returns>How it ended; null: that is not known, because this process ignores SIGCHLD.</returns>
    public ProcessStatus? AwaitEnd()
    {
        siginfo_t info;
        int result;
        do
            result = Libc.waitid(P_PID, _pid, &info, WEXITED | WNOWAIT);
        while (result != 0 && Marshal.GetLastPInvokeError() == Errno.EINTR);
        HasEnded = true;
        return result == 0 ? new ProcessStatus(info.si_code != CLD_EXITED, info.si_status) : null;
    }

    /// <summary>Frees the number of a program that has ended.</summary>
    public void Reap()
    {
        int status;
        while (Libc.waitpid(_pid, &status, 0) < 0 && Marshal.GetLastPInvokeError() == Errno.EINTR)
        {
        }

        _reaped = true;
    }

    /// <summary>Waits until no process of the group is left, which were killed.</summary>
    /// <returns>False: some still are after that time.</returns>
    public bool AwaitGroup(long timeoutMs)
    {
        for (long until = BootClock.NowMs + timeoutMs; Processes.Exists(-_pid); Thread.Sleep(1))
        {
            // As the first process of a container we inherit orphans.
            int status;
            _ = Libc.waitpid(-_pid, &status, WNOHANG);
            if (BootClock.NowMs >= until)
                return false;
        }

        return true;
    }

    public void Dispose()
    {
        if (!_reaped)
        {
            SignalGroup(SIGKILL);
            Reap();
        }

        _output.Dispose();
        _pidfd?.Dispose();
    }

    /// <summary>Programs write files that others may read, unlike the service: its umask is for its own socket.</summary>
    private static int SpawnWithUmask(string path, IReadOnlyList<string> argv, IReadOnlyList<string> environment, int output)
    {
        // The umask is the process's, unless the thread parts with it; some containers refuse that, and programs get ours.
        if (Libc.unshare(CLONE_FS) != 0)
            return SpawnProcess(path, argv, environment, output);
        uint ours = Libc.umask(Umask);
        try
        {
            return SpawnProcess(path, argv, environment, output);
        }
        finally
        {
            // Threads that this one gives birth to share its umask from now on.
            _ = Libc.umask(ours);
        }
    }

    private static int SpawnProcess(string path, IReadOnlyList<string> argv, IReadOnlyList<string> environment, int output)
    {
        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        sigset_t none, all;
        Require(Libc.posix_spawn_file_actions_init(&actions), "posix_spawn_file_actions_init");
        Require(Libc.posix_spawnattr_init(&attributes), "posix_spawnattr_init");
        try
        {
            // In this order whatever the pipe's number is: 0, 1 and 2 may have been closed when we were started.
            Require(Libc.posix_spawn_file_actions_adddup2(&actions, output, 1), "posix_spawn_file_actions_adddup2");
            Require(Libc.posix_spawn_file_actions_adddup2(&actions, 1, 2), "posix_spawn_file_actions_adddup2");
            Require(Libc.posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0), "posix_spawn_file_actions_addopen");
            Require(Libc.posix_spawn_file_actions_addclosefrom_np(&actions, 3), "posix_spawn_file_actions_addclosefrom_np");
            Require(Libc.posix_spawn_file_actions_addchdir_np(&actions, "/"), "posix_spawn_file_actions_addchdir_np");
            _ = Libc.sigemptyset(&none);
            _ = Libc.sigfillset(&all);
            Require(Libc.posix_spawnattr_setsigmask(&attributes, &none), "posix_spawnattr_setsigmask");
            Require(Libc.posix_spawnattr_setsigdefault(&attributes, &all), "posix_spawnattr_setsigdefault");
            Require(Libc.posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF), "posix_spawnattr_setflags");
            using CStrings arguments = new(argv);
            using CStrings variables = new(environment);
            int pid;
            Require(Libc.posix_spawn(&pid, path, &actions, &attributes, arguments.Pointer, variables.Pointer), "posix_spawn");
            return pid;
        }
        finally
        {
            _ = Libc.posix_spawnattr_destroy(&attributes);
            _ = Libc.posix_spawn_file_actions_destroy(&actions);
        }
    }

    private static void Require(int errno, string what)
    {
        if (errno != 0)
            throw new KernelException(what, errno);
    }
}
