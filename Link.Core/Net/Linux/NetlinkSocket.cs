using System.Runtime.InteropServices;
using static Link.Core.Net.Linux.Netlink;
using static Link.Core.Net.Linux.SysSocket;

namespace Link.Core.Net.Linux;

/// <summary>A non-blocking netlink socket.</summary>
internal sealed unsafe class NetlinkSocket : IDisposable
{
    private const int MaxSlots = 64;

    private readonly FileDescriptor _fd;

    private NetlinkSocket(FileDescriptor fd) => _fd = fd;

    /// <summary>Of NETLINK_ROUTE.</summary>
    /// <param name="groups">RTMGRP_* to hear, 0 for a socket that only asks.</param>
    /// <param name="receiveBuffer">Bytes. Without CAP_NET_ADMIN the kernel caps it at net.core.rmem_max.</param>
    /// <exception cref="KernelException">There is no netlink here.</exception>
    public NetlinkSocket(uint groups, int receiveBuffer)
    {
        _fd = FileDescriptor.Own(socket(), "open a netlink socket");
        Option(NETLINK_EXT_ACK);
        Option(NETLINK_CAP_ACK);
        Option(NETLINK_GET_STRICT_CHK);
        if (Libc.setsockopt(_fd, SOL_SOCKET, SO_RCVBUFFORCE, &receiveBuffer, sizeof(int)) != 0)
            _ = Libc.setsockopt(_fd, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof(int));
        sockaddr_nl address = new() { nl_family = AF_NETLINK, nl_groups = groups };
        var length = (uint)sizeof(sockaddr_nl);
        if (Libc.bind(_fd, &address, length) != 0 || Libc.getsockname(_fd, &address, &length) != 0)
            throw new KernelException("bind a netlink socket", Marshal.GetLastPInvokeError());
        PortId = address.nl_pid;

        static int socket() => Libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
    }

    /// <summary>A socket that only asks, and leaves its port id to the kernel.</summary>
    /// <returns>Null, with the errno, if there is none to be had.</returns>
    public static NetlinkSocket? TryOpen(int protocol, out int errno)
    {
        int fd = Libc.socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
        errno = fd < 0 ? Marshal.GetLastPInvokeError() : 0;
        return fd < 0 ? null : new NetlinkSocket(FileDescriptor.Own(fd, "open a netlink socket"));
    }

    public int Fd => _fd.Number;

    /// <summary>Our name in <c>nlmsg_pid</c> of what our requests cause.</summary>
    public uint PortId { get; }

    /// <summary>Sends messages to the kernel, which has carried them out when this returns.</summary>
    /// <returns>0 or an errno.</returns>
    public int Send(ReadOnlySpan<byte> messages)
    {
        sockaddr_nl kernel = new() { nl_family = AF_NETLINK };
        fixed (byte* data = messages)
        {
            return Libc.sendto(_fd, data, (nuint)messages.Length, 0, &kernel, (uint)sizeof(sockaddr_nl)) >= 0
                ? 0
                : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Takes one datagram, which may hold several messages.</summary>
    /// <returns>Its length, or a negative errno: EAGAIN if there is none, ENOBUFS if some were lost, EMSGSIZE if it was cut off.</returns>
    public int Receive(Span<byte> buffer)
    {
        fixed (byte* data = buffer)
        {
            var length = Libc.recvfrom(_fd, data, (nuint)buffer.Length, MSG_TRUNC, null, null);
            if (length < 0)
                return -Marshal.GetLastPInvokeError();
            return length > buffer.Length ? -Errno.EMSGSIZE : (int)length;
        }
    }

    /// <summary>Takes many datagrams with one system call, each into its own slot of the buffer.</summary>
    /// <param name="slot">Bytes for each.</param>
    /// <param name="lengths">Their lengths, filled from the start.</param>
    /// <returns>How many, or a negative errno.</returns>
    public int ReceiveMany(Span<byte> buffer, int slot, Span<int> lengths)
    {
        var slots = Math.Min(Math.Min(buffer.Length / slot, lengths.Length), MaxSlots);
        var headers = stackalloc mmsghdr[slots];
        var parts = stackalloc iovec[slots];
        fixed (byte* data = buffer)
        {
            for (var i = 0; i < slots; i++)
            {
                parts[i] = new iovec { iov_base = (nint)(data + (i * slot)), iov_len = (nuint)slot };
                headers[i] = new mmsghdr { msg_hdr = new msghdr { msg_iov = (nint)(&parts[i]), msg_iovlen = 1 } };
            }

            var count = Libc.recvmmsg(_fd, headers, (uint)slots, 0, null);
            if (count < 0)
                return -Marshal.GetLastPInvokeError();
            for (var i = 0; i < count; i++)
                lengths[i] = (int)headers[i].msg_len;
            return count;
        }
    }

    public void Dispose() => _fd.Dispose();

    private void Option(int name)
    {
        // Each is a comfort of a newer kernel; without it errors say less.
        var on = 1;
        _ = Libc.setsockopt(_fd, SOL_NETLINK, name, &on, sizeof(int));
    }
}
