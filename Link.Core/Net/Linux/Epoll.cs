using System.Runtime.InteropServices;
using static Link.Core.Net.Linux.SysEpoll;

namespace Link.Core.Net.Linux;

/// <summary>The wait of an event loop: level-triggered epoll over file descriptors.</summary>
internal sealed unsafe class Epoll : IDisposable
{
    private const int MaxEvents = 64;

    private readonly FileDescriptor _fd = FileDescriptor.Own(Libc.epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    private readonly byte[] _events = new byte[MaxEvents * EpollEventSize];

    /// <exception cref="KernelException">The descriptor cannot be polled or is there already.</exception>
    public void Add(int fd, uint events = EPOLLIN) => Control(EPOLL_CTL_ADD, fd, events, "add");

    /// <exception cref="KernelException">The descriptor was not added.</exception>
    public void Modify(int fd, uint events) => Control(EPOLL_CTL_MOD, fd, events, "modify");

    /// <exception cref="KernelException">The descriptor was not added.</exception>
    public void Remove(int fd) => Control(EPOLL_CTL_DEL, fd, 0, "remove");

    /// <summary>Waits until something is ready.</summary>
    /// <param name="ready">Filled from the start; at most 64 at a time, the rest comes with the next call.</param>
    /// <param name="timeoutMs">0: do not wait, -1: no limit.</param>
    /// <returns>How many are ready; 0 after the timeout or a signal.</returns>
    public int Wait(Span<EpollReady> ready, int timeoutMs)
    {
        int count;
        fixed (byte* events = _events)
            count = Libc.epoll_wait(_fd, events, Math.Min(MaxEvents, ready.Length), timeoutMs);
        if (count < 0)
        {
            var errno = Marshal.GetLastPInvokeError();
            return errno == Errno.EINTR ? 0 : throw new KernelException("epoll_wait", errno);
        }

        for (var i = 0; i < count; i++)
        {
            var e = _events.AsSpan(i * EpollEventSize, EpollEventSize);
            ready[i] = new EpollReady(MemoryMarshal.Read<int>(e[EpollDataOffset..]), MemoryMarshal.Read<uint>(e));
        }

        return count;
    }

    public void Dispose() => _fd.Dispose();

    private void Control(int operation, int fd, uint events, string verb)
    {
        Span<byte> e = stackalloc byte[16];
        e.Clear();
        MemoryMarshal.Write(e, events);
        MemoryMarshal.Write(e[EpollDataOffset..], fd);
        fixed (byte* p = e)
        {
            if (Libc.epoll_ctl(_fd, operation, fd, p) != 0)
                throw new KernelException($"epoll: {verb} descriptor {fd}", Marshal.GetLastPInvokeError());
        }
    }
}
