using static Link.Core.Net.Linux.SysEpoll;

namespace Link.Core.Net.Linux;

/// <summary>Wakes the event loop from any thread.</summary>
internal sealed unsafe class EventFd : IDisposable
{
    private readonly FileDescriptor _fd = FileDescriptor.Own(Libc.eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd");

    /// <summary>Readable after <see cref="Set"/> until <see cref="Reset"/>.</summary>
    public int Fd => _fd.Number;

    /// <summary>Thread-safe. Many calls before a reset are one wake-up.</summary>
    public void Set()
    {
        // Fails only with EAGAIN, when the counter is at its end: then it is set anyway.
        ulong one = 1;
        _ = Libc.write(_fd, &one, sizeof(ulong));
    }

    public void Reset()
    {
        ulong count;
        _ = Libc.read(_fd, &count, sizeof(ulong));
    }

    public void Dispose() => _fd.Dispose();
}
