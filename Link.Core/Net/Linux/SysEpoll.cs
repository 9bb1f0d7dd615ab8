using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>sys/epoll.h</c>, <c>sys/eventfd.h</c>, <c>sys/timerfd.h</c>, <c>time.h</c>.</summary>
internal static class SysEpoll
{
    public const uint EPOLLIN = 0x1, EPOLLOUT = 0x4, EPOLLERR = 0x8, EPOLLHUP = 0x10;
    public const int EPOLL_CTL_ADD = 1, EPOLL_CTL_DEL = 2, EPOLL_CTL_MOD = 3;
    public const int EPOLL_CLOEXEC = 0x80000, EFD_CLOEXEC = 0x80000, EFD_NONBLOCK = 0x800, TFD_CLOEXEC = 0x80000, TFD_NONBLOCK = 0x800;
    public const int TFD_TIMER_ABSTIME = 1;
    public const int CLOCK_THREAD_CPUTIME_ID = 3, CLOCK_BOOTTIME = 7;

    /// <summary>
    /// <c>struct epoll_event</c> is packed on x86-64 and nowhere else, so it is read and written as bytes:
    /// the events at 0, the descriptor at <see cref="EpollDataOffset"/>.
    /// </summary>
    public static int EpollEventSize { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    /// <inheritdoc cref="EpollEventSize"/>
    public static int EpollDataOffset { get; } = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;

    [StructLayout(LayoutKind.Sequential)]
    public struct timespec
    {
        public long tv_sec;
        public long tv_nsec;
    }

    [StructLayout(LayoutKind.Sequential)]
    public struct itimerspec
    {
        public timespec it_interval;
        public timespec it_value;
    }
}
