using static Link.Core.Net.Linux.SysEpoll;

namespace Link.Core.Net.Linux;

/// <summary>CLOCK_BOOTTIME: monotonic, and unlike .NET's Stopwatch it goes on while the machine is suspended.</summary>
internal static class BootClock
{
    public static long NowMs => NowNs / 1_000_000;

    public static unsafe long NowNs
    {
        get
        {
            timespec now;
            _ = Libc.clock_gettime(CLOCK_BOOTTIME, &now);
            return (now.tv_sec * 1_000_000_000) + now.tv_nsec;
        }
    }
}
