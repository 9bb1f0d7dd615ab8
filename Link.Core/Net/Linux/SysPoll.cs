using System.Runtime.InteropServices;

namespace Link.Core.Net.Linux;

/// <summary><c>poll.h</c>.</summary>
internal static class SysPoll
{
    public const short POLLIN = 0x1, POLLERR = 0x8, POLLHUP = 0x10;

    [StructLayout(LayoutKind.Sequential)]
    public struct pollfd
    {
        /// <summary>Below 0: left out.</summary>
        public int fd;
        public short events;
        public short revents;
    }
}
