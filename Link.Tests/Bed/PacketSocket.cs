using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Link.Tests.Bed;

/// <summary>
/// Reads what arrives on an interface, with the time at which the kernel got it and the sender's link address, or sends whole frames.
/// The kernel keeps both while this process is busy with something else, so that a late reader changes no measurement.
/// Not thread-safe; the buffers are pinned and nothing is allocated per packet.
/// </summary>
internal sealed class PacketSocket : IDisposable
{
    private const int AddressLength = 20;

    private readonly int _fd;
    private readonly byte[] _data = GC.AllocateArray<byte>(2048, pinned: true);
    private readonly byte[] _address = GC.AllocateArray<byte>(AddressLength, pinned: true);
    private readonly byte[] _control = GC.AllocateArray<byte>(128, pinned: true);
    private readonly LibC.iovec[] _iov = GC.AllocateArray<LibC.iovec>(1, pinned: true);

    /// <summary>Opens it in the namespace of the calling thread.</summary>
    internal PacketSocket(string interfaceName)
    {
        _fd = LibC.socket(LibC.AF_PACKET, LibC.SOCK_DGRAM | LibC.SOCK_CLOEXEC, BinaryPrimitives.ReverseEndianness(LibC.ETH_P_ALL));
        if (_fd < 0)
            throw new IOException($"packet socket: {Marshal.GetLastPInvokeErrorMessage()}");
        Set(LibC.SOL_SOCKET, LibC.SO_RCVBUFFORCE, 16 << 20);
        Set(LibC.SOL_SOCKET, LibC.SO_TIMESTAMPNS, 1);
        Set(LibC.SOL_PACKET, LibC.PACKET_IGNORE_OUTGOING, 1);
        Span<byte> address = stackalloc byte[AddressLength];
        LinkLayerAddress(address, interfaceName, LibC.ETH_P_ALL, []);
        if (LibC.bind(_fd, address, address.Length) != 0)
            throw new IOException($"packet socket on {interfaceName}: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    /// <summary>The packet read last, without its Ethernet header.</summary>
    internal ReadOnlySpan<byte> Packet => _data.AsSpan(0, PacketLength);

    internal int PacketLength { get; private set; }

    internal ushort Protocol => BinaryPrimitives.ReadUInt16BigEndian(_address.AsSpan(2));

    internal MacAddress Sender => MacAddress.Read(_address.AsSpan(12));

    /// <summary>When the kernel received it, on <see cref="BedClock"/>.</summary>
    internal long ReceivedAt { get; private set; }

    /// <returns>False if nothing came within the time.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal bool Read(int timeoutMilliseconds)
    {
        var poll = new LibC.pollfd { fd = _fd, events = LibC.POLLIN };
        if (LibC.poll(ref poll, 1, timeoutMilliseconds) <= 0)
            return false;
        _iov[0] = new LibC.iovec { iov_base = Address(_data), iov_len = _data.Length };
        var message = new LibC.msghdr
        {
            msg_name = Address(_address),
            msg_namelen = _address.Length,
            msg_iov = Marshal.UnsafeAddrOfPinnedArrayElement(_iov, 0),
            msg_iovlen = 1,
            msg_control = Address(_control),
            msg_controllen = _control.Length,
        };
        var length = LibC.recvmsg(_fd, ref message, 0);
        if (length < 0)
            return false;
        PacketLength = (int)length;
        ReceivedAt = Timestamp(_control.AsSpan(0, (int)message.msg_controllen)) ?? BedClock.Now;
        return true;
    }

    public void Dispose() => LibC.close(_fd);

    /// <summary>Sends a whole frame, Ethernet header included, from an interface of the calling thread's namespace.</summary>
    internal static void SendFrame(string interfaceName, ReadOnlySpan<byte> frame)
    {
        var fd = LibC.socket(LibC.AF_PACKET, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC, 0);
        if (fd < 0)
            throw new IOException($"packet socket: {Marshal.GetLastPInvokeErrorMessage()}");
        try
        {
            Span<byte> address = stackalloc byte[AddressLength];
            LinkLayerAddress(address, interfaceName, BinaryPrimitives.ReadUInt16BigEndian(frame[12..]), frame[..6]);
            if (LibC.sendto(fd, frame, frame.Length, 0, address, address.Length) != frame.Length)
                throw new IOException($"frame on {interfaceName}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
        finally
        {
            LibC.close(fd);
        }
    }

    /// <summary>struct sockaddr_ll.</summary>
    private static void LinkLayerAddress(Span<byte> address, string interfaceName, ushort protocol, ReadOnlySpan<byte> destination)
    {
        address.Clear();
        MemoryMarshal.Write(address, (ushort)LibC.AF_PACKET);
        BinaryPrimitives.WriteUInt16BigEndian(address[2..], protocol);
        MemoryMarshal.Write(address[4..], (int)LibC.if_nametoindex(interfaceName));
        address[11] = (byte)destination.Length;
        destination.CopyTo(address[12..]);
    }

    /// <summary>SCM_TIMESTAMPNS of struct cmsghdr { size_t len; int level; int type; }.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static long? Timestamp(ReadOnlySpan<byte> control)
    {
        while (control.Length >= 32)
        {
            var length = (int)MemoryMarshal.Read<long>(control);
            if (MemoryMarshal.Read<int>(control[8..]) == LibC.SOL_SOCKET && MemoryMarshal.Read<int>(control[12..]) == LibC.SO_TIMESTAMPNS)
                return MemoryMarshal.Read<LibC.timespec>(control[16..]).Nanoseconds - BedClock.RealtimeOffset();
            control = control[Math.Min(control.Length, Math.Max(16, (length + 7) & ~7))..];
        }
        return null;
    }

    private static nint Address(byte[] pinned) => Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);

    private void Set(int level, int name, int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        MemoryMarshal.Write(bytes, value);
        if (LibC.setsockopt(_fd, level, name, bytes, bytes.Length) != 0)
            throw new IOException($"packet socket, option {name}: {Marshal.GetLastPInvokeErrorMessage()}");
    }
}
