using System.Runtime.InteropServices;

namespace Link.Tests.Bed;

/// <summary>libc as the test bed needs it, under the kernel's names. Descriptors are plain numbers: each is owned by one object that closes it.</summary>
internal static partial class LibC
{
    internal const int AF_UNSPEC = 0, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16, AF_PACKET = 17;
    internal const int SOCK_DGRAM = 2, SOCK_RAW = 3, SOCK_CLOEXEC = 0x80000;
    internal const int IPPROTO_ICMP = 1, IPPROTO_ICMPV6 = 58, NETLINK_ROUTE = 0;
    internal const int SOL_SOCKET = 1, SO_RCVBUF = 8, SO_RCVBUFFORCE = 33, SO_TIMESTAMPNS = 35;
    internal const int SOL_RAW = 255, ICMP_FILTER = 1, SOL_ICMPV6 = 58, ICMPV6_FILTER = 1;
    internal const int IPPROTO_IPV6 = 41, IPV6_MULTICAST_HOPS = 18, IPV6_MULTICAST_IF = 17;
    internal const int SOL_PACKET = 263, PACKET_IGNORE_OUTGOING = 23;
    internal const int SOL_NETLINK = 270, NETLINK_LISTEN_ALL_NSID = 8;
    internal const ushort ETH_P_ALL = 0x0003, ETH_P_IP = 0x0800, ETH_P_ARP = 0x0806, ETH_P_IPV6 = 0x86dd;
    internal const int CLONE_NEWNET = 0x40000000, O_RDONLY = 0, O_WRONLY = 1, O_CREAT = 0x40, O_APPEND = 0x400, O_CLOEXEC = 0x80000;
    internal const int CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, TIMER_ABSTIME = 1;
    internal const short POLLIN = 1;
    internal const int MSG_DONTWAIT = 0x40;
    internal const int WNOHANG = 1, SCHED_RR = 2;
    internal const int SIGINT = 2, SIGKILL = 9, SIGTERM = 15, SIGCONT = 18, SIGSTOP = 19;
    internal const short POSIX_SPAWN_SETSIGDEF = 0x04, POSIX_SPAWN_SETSIGMASK = 0x08, POSIX_SPAWN_SETSID = 0x80;

    [StructLayout(LayoutKind.Sequential)]
    internal struct @timespec
    {
        internal long tv_sec;
        internal long tv_nsec;

        internal readonly long Nanoseconds => (tv_sec * 1_000_000_000) + tv_nsec;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct @pollfd
    {
        internal int fd;
        internal short events;
        internal short revents;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct @iovec
    {
        internal nint iov_base;
        internal nint iov_len;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct @msghdr
    {
        internal nint msg_name;
        internal int msg_namelen;
        internal nint msg_iov;
        internal nint msg_iovlen;
        internal nint msg_control;
        internal nint msg_controllen;
        internal int msg_flags;
    }

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setns(int fd, int nstype);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int close(int fd);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int bind(int fd, ReadOnlySpan<byte> address, int length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int setsockopt(int fd, int level, int name, ReadOnlySpan<byte> value, int length);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint sendto(int fd, ReadOnlySpan<byte> data, nint length, int flags, ReadOnlySpan<byte> address, int addressLength);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial nint recvmsg(int fd, ref msghdr message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int poll(ref pollfd fds, nuint count, int timeoutMilliseconds);

    [LibraryImport("libc")]
    internal static partial int clock_gettime(int clock, out timespec now);

    [LibraryImport("libc")]
    internal static partial int clock_nanosleep(int clock, int flags, in timespec until, nint remaining);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int sched_setscheduler(int pid, int policy, in int priority);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial uint if_nametoindex(string name);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int kill(int pid, int signal);

    [LibraryImport("libc", SetLastError = true)]
    internal static partial int waitpid(int pid, out int status, int options);

    [LibraryImport("libc")]
    internal static partial uint geteuid();

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn(out int pid, string path, byte[] fileActions, byte[] attributes,
        [MarshalAs(UnmanagedType.LPArray)] string?[] argv, [MarshalAs(UnmanagedType.LPArray)] string?[] envp);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_init(byte[] attributes);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setflags(byte[] attributes, short flags);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setsigdefault(byte[] attributes, byte[] signals);

    [LibraryImport("libc")]
    internal static partial int posix_spawnattr_setsigmask(byte[] attributes, byte[] signals);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_init(byte[] actions);

    [LibraryImport("libc", StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int posix_spawn_file_actions_addopen(byte[] actions, int fd, string path, int flags, int mode);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_adddup2(byte[] actions, int fd, int newFd);

    [LibraryImport("libc")]
    internal static partial int posix_spawn_file_actions_destroy(byte[] actions);
}
