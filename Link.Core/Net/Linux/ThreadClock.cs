using static Link.Core.Net.Linux.SysEpoll;

namespace Link.Core.Net.Linux;

/// <summary>CLOCK_THREAD_CPUTIME_ID: processor time of the thread that asks.</summary>
internal static class ThreadClock
{
    public static unsafe TimeSpan Used
    {
        get
        {
            timespec used;
            _ = Libc.clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
            return TimeSpan.FromTicks((used.tv_sec * TimeSpan.TicksPerSecond) + (used.tv_nsec / TimeSpan.NanosecondsPerTick));
        }
    }
}
