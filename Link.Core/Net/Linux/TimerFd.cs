using System.Runtime.InteropServices;
using static Link.Core.Net.Linux.SysEpoll;

namespace Link.Core.Net.Linux;

/// <summary>A descriptor that becomes readable at a moment of CLOCK_BOOTTIME.</summary>
internal sealed unsafe class TimerFd : IDisposable
{
    private readonly FileDescriptor _fd = FileDescriptor.Own(Libc.timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK), "timerfd_create");
    private long? _atMs;

    /// <summary>Readable from the moment set until <see cref="Reset"/> or the next <see cref="Set"/>.</summary>
    public int Fd => _fd.Number;

    /// <summary>Sets the moment, null for never. Costs no system call if it is the one already set.</summary>
    /// <param name="atMs">CLOCK_BOOTTIME in milliseconds; what is past fires at once.</param>
    public void Set(long? atMs)
    {
        if (atMs == _atMs)
            return;
        itimerspec value = default;
        if (atMs is { } at)
        {
            // Zero would disarm it.
            at = Math.Max(at, 1);
            value.it_value.tv_sec = at / 1000;
            value.it_value.tv_nsec = at % 1000 * 1_000_000;
        }

        if (Libc.timerfd_settime(_fd, TFD_TIMER_ABSTIME, &value, null) != 0)
            throw new KernelException("timerfd_settime", Marshal.GetLastPInvokeError());
        _atMs = atMs;
    }

    /// <summary>Forgets that it fired; it has to be set again.</summary>
    public void Reset()
    {
        ulong count;
        _ = Libc.read(_fd, &count, sizeof(ulong));
        _atMs = null;
    }

    public void Dispose() => _fd.Dispose();
}
