using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>spawn.h</c>, <c>sys/wait.h</c> and <c>sched.h</c>.</summary>
internal static class Spawn
{
    public const short POSIX_SPAWN_SETSIGDEF = 0x4, POSIX_SPAWN_SETSIGMASK = 0x8, POSIX_SPAWN_SETSID = 0x80;
    public const int WNOHANG = 1, WEXITED = 4, WNOWAIT = 0x1000000, P_PID = 1, CLD_EXITED = 1;
    public const int CLONE_FS = 0x200;

    /// <summary>Opaque; the C library's functions alone look into it.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 336)]
    public struct posix_spawnattr_t
    {
        private long _aligned;
    }

    /// <inheritdoc cref="posix_spawnattr_t"/>
    [StructLayout(LayoutKind.Sequential, Size = 80)]
    public struct posix_spawn_file_actions_t
    {
        private long _aligned;
    }

    /// <inheritdoc cref="posix_spawnattr_t"/>
    [StructLayout(LayoutKind.Sequential, Size = 128)]
    public struct sigset_t
    {
        private long _aligned;
    }

    /// <summary>As waitid(2) fills it.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    public struct siginfo_t
    {
        [FieldOffset(8)]
        public int si_code;

        /// <summary>The exit status, or the signal's number.</summary>
        [FieldOffset(24)]
        public int si_status;
    }
}
