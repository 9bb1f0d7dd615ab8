using System.Buffers.Binary;
using System.Runtime.InteropServices;
using static Link.Core.Net.Linux.Filter;
using static Link.Core.Net.Linux.IfPacket;
using static Link.Core.Net.Linux.SysSocket;

namespace Link.Core.Net.Linux;

/// <summary>An AF_PACKET socket (SOCK_DGRAM: the kernel writes and strips the link header) over all interfaces.</summary>
internal sealed unsafe class PacketSocket : IDisposable
{
    private readonly FileDescriptor _fd;

    private PacketSocket(FileDescriptor fd) => _fd = fd;

    public int Fd => _fd.Number;

    /// <summary>A socket that sends and hears nothing.</summary>
    /// <exception cref="KernelException">CAP_NET_RAW is missing.</exception>
    public static PacketSocket ForSending()
        => new(FileDescriptor.Own(Libc.socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), "open a packet socket"));

    /// <summary>A socket that hears one protocol, as far as the filter lets it through.</summary>
    /// <param name="receiveBuffer">Bytes; what does not fit is dropped by the kernel.</param>
    /// <exception cref="KernelException">CAP_NET_RAW is missing, or the filter is not valid.</exception>
    public static PacketSocket Listen(ushort etherType, ReadOnlySpan<sock_filter> filter, int receiveBuffer)
    {
        // Bound to the protocol after the filter is in place, so that nothing passes unfiltered.
        var socket = ForSending();
        try
        {
            socket.Attach(filter);
            _ = Libc.setsockopt(socket._fd, SOL_SOCKET, SO_RCVBUF, &receiveBuffer, sizeof(int));
            sockaddr_ll address = new() { sll_family = AF_PACKET, sll_protocol = BinaryPrimitives.ReverseEndianness(etherType) };
            if (Libc.bind(socket._fd, &address, (uint)sizeof(sockaddr_ll)) != 0)
                throw new KernelException($"bind a packet socket to protocol 0x{etherType:x4}", Marshal.GetLastPInvokeError());
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Puts a filter in the place of the one before, at one moment.</summary>
    /// <exception cref="KernelException">It is not a valid program.</exception>
    public void Attach(ReadOnlySpan<sock_filter> filter)
    {
        fixed (sock_filter* first = filter)
        {
            sock_fprog program = new() { len = checked((ushort)filter.Length), filter = (nint)first };
            if (Libc.setsockopt(_fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, (uint)sizeof(sock_fprog)) != 0)
                throw new KernelException($"attach a filter of {filter.Length} instructions to a packet socket", Marshal.GetLastPInvokeError());
        }
    }

    /// <summary>Sends one frame with the interface's own hardware address as its source.</summary>
    /// <returns>0 or an errno.</returns>
    public int Send(int interfaceIndex, ushort etherType, MacAddress destination, ReadOnlySpan<byte> payload)
    {
        sockaddr_ll address = new()
        {
            sll_family = AF_PACKET,
            sll_protocol = BinaryPrimitives.ReverseEndianness(etherType),
            sll_ifindex = interfaceIndex,
            sll_halen = MacAddress.Size,
        };
        destination.CopyTo(new Span<byte>(&address.sll_addr0, MacAddress.Size));
        fixed (byte* data = payload)
        {
            return Libc.sendto(_fd, data, (nuint)payload.Length, 0, &address, (uint)sizeof(sockaddr_ll)) >= 0
                ? 0
                : Marshal.GetLastPInvokeError();
        }
    }

    /// <summary>Takes one packet, cut off at the buffer's end.</summary>
    /// <returns>False when there is none (or only a pending error, such as ENETDOWN, which says nothing about what is to come).</returns>
    public bool TryReceive(Span<byte> buffer, out int length, out PacketOrigin origin)
    {
        // Two tries: the first one may be used up by a pending error.
        for (var attempt = 0; attempt < 2; attempt++)
        {
            sockaddr_ll address = default;
            var addressLength = (uint)sizeof(sockaddr_ll);
            nint received;
            fixed (byte* data = buffer)
                received = Libc.recvfrom(_fd, data, (nuint)buffer.Length, 0, &address, &addressLength);
            if (received < 0)
                continue;
            length = (int)received;
            var mac = address.sll_halen == MacAddress.Size ? new MacAddress(new ReadOnlySpan<byte>(&address.sll_addr0, MacAddress.Size)) : default;
            origin = new PacketOrigin(address.sll_ifindex, address.sll_pkttype, mac);
            return true;
        }

        length = 0;
        origin = default;
        return false;
    }

    public void Dispose() => _fd.Dispose();
}
