using System.Globalization;
using System.Runtime.InteropServices;

namespace Link.Tests.Bed;

/// <summary>
/// A long-running program in a namespace: an agent or an etcd member. It has a session of its own, so that Ctrl-C at the terminal reaches the
/// bed and not its children, and writes to a log file.
/// </summary>
internal sealed class ChildProcess
{
    private int? _exitCode;

    private ChildProcess(int pid, string log, long startedAt)
    {
        Pid = pid;
        Log = log;
        StartedAt = startedAt;
    }

    internal int Pid { get; }

    internal string Log { get; }

    internal long StartedAt { get; }

    /// <summary>128 and the signal's number, if a signal ended it, as the shell has it; null: runs.</summary>
    internal int? ExitCode
    {
        get
        {
            lock (this)
            {
                if (_exitCode is null && LibC.waitpid(Pid, out var status, LibC.WNOHANG) is var pid && pid != 0)
                    _exitCode = pid < 0 ? -1 : (status & 0x7f) == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f);
                return _exitCode;
            }
        }
    }

    internal bool Runs => ExitCode is null;

    /// <param name="inside">Null: the namespace of this process.</param>
    /// <param name="environment">All that the program gets.</param>
    internal static ChildProcess Start(
        NetworkNamespace? inside, string file, IReadOnlyList<string> arguments, IReadOnlyDictionary<string, string> environment, string log)
    {
        // posix_spawnattr_t, posix_spawn_file_actions_t and sigset_t are smaller than these.
        byte[] attributes = new byte[512], actions = new byte[128], every = new byte[128], none = new byte[128];
        Array.Fill(every, (byte)0xff);
        LibC.posix_spawnattr_init(attributes);
        LibC.posix_spawnattr_setflags(attributes, LibC.POSIX_SPAWN_SETSIGDEF | LibC.POSIX_SPAWN_SETSIGMASK | LibC.POSIX_SPAWN_SETSID);
        LibC.posix_spawnattr_setsigdefault(attributes, every);
        LibC.posix_spawnattr_setsigmask(attributes, none);
        LibC.posix_spawn_file_actions_init(actions);
        LibC.posix_spawn_file_actions_addopen(actions, 0, "/dev/null", LibC.O_RDONLY, 0);
        LibC.posix_spawn_file_actions_addopen(actions, 1, log, LibC.O_WRONLY | LibC.O_CREAT | LibC.O_APPEND, 0x1a4);
        LibC.posix_spawn_file_actions_adddup2(actions, 1, 2);
        string?[] argv = [file, .. arguments, null];
        string?[] envp = [.. environment.Select(pair => $"{pair.Key}={pair.Value}"), null];
        var startedAt = 0L;
        var pid = 0;
        int Spawn()
        {
            startedAt = BedClock.Now;
            return LibC.posix_spawn(out pid, file, actions, attributes, argv, envp);
        }
        var error = inside is null ? Spawn() : inside.Run(Spawn);
        LibC.posix_spawn_file_actions_destroy(actions);
        return error == 0
            ? new ChildProcess(pid, log, startedAt)
            : throw new IOException($"{file}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    internal void Signal(int signal)
    {
        if (Runs)
            LibC.kill(Pid, signal);
    }

    /// <returns>The exit code.</returns>
    internal async Task<int> WaitForExitAsync(TimeSpan deadline)
    {
        await Wait.UntilAsync($"end of process {Pid}, see {Log}", () => !Runs, deadline);
        return ExitCode!.Value;
    }

    /// <summary>Ends it without asking, and returns when it is gone.</summary>
    internal void Kill()
    {
        Signal(LibC.SIGKILL);
        while (Runs)
            Thread.Yield();
    }

    internal string ReadLog()
    {
        using var stream = new FileStream(Log, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    /// <summary>User and system time so far, and memory.</summary>
    internal ProcessUsage Usage()
    {
        // CPUCLOCK_SCHED of another process: (~pid << 3) | 2. It counts threads that have ended too.
        if (LibC.clock_gettime((~Pid << 3) | 2, out var run) != 0)
            throw new IOException($"process {Pid} has no CPU clock: is it gone?");
        var status = File.ReadLines($"/proc/{Pid}/status").Select(line => line.Split(':', 2)).ToDictionary(pair => pair[0], pair => pair[1].Trim());
        long Kilobytes(string key) => long.Parse(status[key].Split(' ')[0], CultureInfo.InvariantCulture);
        return new ProcessUsage(run.Nanoseconds, Kilobytes("VmRSS") / 1024.0, Kilobytes("VmHWM") / 1024.0, (int)Kilobytes("Threads"));
    }
}
