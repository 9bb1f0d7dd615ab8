using System.Net;
using System.Runtime.InteropServices;

namespace Link.Tests.Bed;

/// <summary>
/// Addresses and neighbours of every namespace of a bed, as rtnetlink tells them. One socket hears them all (NETLINK_LISTEN_ALL_NSID), so that the
/// order of events on different hosts is the kernel's, however late this process reads them. Namespaces are known by the numbers which
/// <c>ip netns set</c> gave them in the namespace that listens. The kernel queues a notice before the call returns that changed the address, and whoever
/// asks reads first what is queued: the answer is what the kernel has, not what was read some time ago. (An IPv6 address is told of when it works, a
/// moment after the call that added it.)
/// </summary>
internal sealed class AddressLog : IDisposable
{
    private const int RTM_NEWADDR = 20, RTM_DELADDR = 21, RTM_NEWNEIGH = 28, RTM_DELNEIGH = 29;
    private const int RTMGRP_NEIGH = 0x4, RTMGRP_IPV4_IFADDR = 0x10, RTMGRP_IPV6_IFADDR = 0x100;
    private const int IFA_ADDRESS = 1, IFA_LOCAL = 2, IFA_CACHEINFO = 6, IFA_PROTO = 11, NDA_DST = 1, NDA_LLADDR = 2;
    private const int HeaderLength = 16;

    private readonly Lock _lock = new();
    private readonly List<AddressEvent> _addresses = [];
    private readonly List<NeighbourEvent> _neighbours = [];
    private readonly Dictionary<(int Namespace, IPAddress Address), KernelAddress> _present = [];
    private readonly byte[] _data = GC.AllocateArray<byte>(1 << 16, pinned: true);
    private readonly byte[] _control = GC.AllocateArray<byte>(128, pinned: true);
    private readonly LibC.iovec[] _iov = GC.AllocateArray<LibC.iovec>(1, pinned: true);
    private readonly int _socket;
    private readonly Thread _thread;
    private volatile bool _stop;

    internal AddressLog(NetworkNamespace listener)
    {
        _socket = listener.Run(Open);
        _thread = listener.StartThread("addresses", ReadLoop);
    }

    /// <summary>A host has the address now.</summary>
    internal bool IsPresent(int ns, IPAddress address)
    {
        lock (_lock)
        {
            ReadQueued();
            return _present.ContainsKey((ns, address));
        }
    }

    /// <summary>Null: the host does not have the address.</summary>
    internal KernelAddress? Find(int ns, IPAddress address)
    {
        lock (_lock)
        {
            ReadQueued();
            return _present.TryGetValue((ns, address), out var found) ? found : null;
        }
    }

    internal IReadOnlyList<IPAddress> Present(int ns)
    {
        lock (_lock)
        {
            ReadQueued();
            return [.. _present.Keys.Where(entry => entry.Namespace == ns).Select(entry => entry.Address)];
        }
    }

    internal IReadOnlyList<AddressEvent> Events(IPAddress address)
    {
        lock (_lock)
        {
            ReadQueued();
            return [.. _addresses.Where(entry => entry.Address.Equals(address))];
        }
    }

    internal IReadOnlyList<NeighbourEvent> Neighbours(int ns, IPAddress address)
    {
        lock (_lock)
        {
            ReadQueued();
            return [.. _neighbours.Where(entry => entry.Namespace == ns && entry.Address.Equals(address))];
        }
    }

    public void Dispose()
    {
        _stop = true;
        _thread.Join();
        LibC.close(_socket);
    }

    private static int Open()
    {
        var fd = LibC.socket(LibC.AF_NETLINK, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC, LibC.NETLINK_ROUTE);
        Span<byte> value = stackalloc byte[4];
        Span<byte> address = stackalloc byte[12];
        MemoryMarshal.Write(value, 16 << 20);
        LibC.setsockopt(fd, LibC.SOL_SOCKET, LibC.SO_RCVBUFFORCE, value, value.Length);
        MemoryMarshal.Write(value, 1);
        LibC.setsockopt(fd, LibC.SOL_NETLINK, LibC.NETLINK_LISTEN_ALL_NSID, value, value.Length);
        MemoryMarshal.Write(address, (ushort)LibC.AF_NETLINK);
        MemoryMarshal.Write(address[8..], RTMGRP_NEIGH | RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR);
        return LibC.bind(fd, address, address.Length) == 0
            ? fd
            : throw new IOException($"netlink: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private void ReadLoop()
    {
        var poll = new LibC.pollfd { fd = _socket, events = LibC.POLLIN };
        while (!_stop)
        {
            if (LibC.poll(ref poll, 1, 50) <= 0)
                continue;
            lock (_lock)
                ReadQueued();
        }
    }

    /// <summary>Whoever reads holds the lock, so that the order stays the kernel's.</summary>
    private void ReadQueued()
    {
        while (true)
        {
            _iov[0] = new LibC.iovec { iov_base = Marshal.UnsafeAddrOfPinnedArrayElement(_data, 0), iov_len = _data.Length };
            var message = new LibC.msghdr
            {
                msg_iov = Marshal.UnsafeAddrOfPinnedArrayElement(_iov, 0),
                msg_iovlen = 1,
                msg_control = Marshal.UnsafeAddrOfPinnedArrayElement(_control, 0),
                msg_controllen = _control.Length,
            };
            var length = LibC.recvmsg(_socket, ref message, LibC.MSG_DONTWAIT);
            if (length <= 0)
                return;
            Record(_data.AsSpan(0, (int)length), NamespaceNumber(_control.AsSpan(0, (int)message.msg_controllen)), BedClock.Now);
        }
    }

    /// <summary>The ancillary data of NETLINK_LISTEN_ALL_NSID; without it the event is from the listener's own namespace.</summary>
    private static int NamespaceNumber(ReadOnlySpan<byte> control) =>
        control.Length >= 20 && MemoryMarshal.Read<int>(control[8..]) == LibC.SOL_NETLINK && MemoryMarshal.Read<int>(control[12..]) == LibC.NETLINK_LISTEN_ALL_NSID
            ? MemoryMarshal.Read<int>(control[16..])
            : -1;

    private void Record(ReadOnlySpan<byte> messages, int ns, long at)
    {
        while (messages.Length >= HeaderLength)
        {
            var length = MemoryMarshal.Read<int>(messages);
            if (length < HeaderLength || length > messages.Length)
                return;
            var type = MemoryMarshal.Read<ushort>(messages[4..]);
            var body = messages[HeaderLength..length];
            if (type is RTM_NEWADDR or RTM_DELADDR)
                RecordAddress(body, ns, at, type == RTM_NEWADDR);
            else if (type is RTM_NEWNEIGH or RTM_DELNEIGH)
                RecordNeighbour(body, ns, at, type == RTM_NEWNEIGH);
            messages = messages[Math.Min(messages.Length, (length + 3) & ~3)..];
        }
    }

    /// <summary>struct ifaddrmsg { u8 family, prefixlen, flags, scope; u32 index; } and attributes.</summary>
    private void RecordAddress(ReadOnlySpan<byte> body, int ns, long at, bool added)
    {
        var attribute = Attribute(body[8..], IFA_LOCAL);
        if (attribute.IsEmpty)
            attribute = Attribute(body[8..], IFA_ADDRESS);
        if (attribute.IsEmpty)
            return;
        var address = new IPAddress(attribute);
        var news = added ? !_present.ContainsKey((ns, address)) : _present.Remove((ns, address));
        if (added)
            _present[(ns, address)] = ReadDetails(body[8..]);
        if (news)
            _addresses.Add(new AddressEvent(at, ns, added, address, body[1]));
    }

    /// <summary>struct ifa_cacheinfo { u32 prefered, valid, cstamp, tstamp; }, seconds and hundredths.</summary>
    private static KernelAddress ReadDetails(ReadOnlySpan<byte> attributes)
    {
        var mark = Attribute(attributes, IFA_PROTO);
        var times = Attribute(attributes, IFA_CACHEINFO);
        var valid = times.Length >= 8 ? MemoryMarshal.Read<uint>(times[4..]) : uint.MaxValue;
        return new KernelAddress(mark.IsEmpty ? (byte)0 : mark[0], valid == uint.MaxValue ? null : valid);
    }

    /// <summary>struct ndmsg { u8 family; u8 pad; u16 pad; s32 ifindex; u16 state; u8 flags, type; } and attributes.</summary>
    private void RecordNeighbour(ReadOnlySpan<byte> body, int ns, long at, bool known)
    {
        if (body[0] is not (LibC.AF_INET or LibC.AF_INET6))
            return;
        var destination = Attribute(body[12..], NDA_DST);
        var link = Attribute(body[12..], NDA_LLADDR);
        if (!destination.IsEmpty)
            _neighbours.Add(new NeighbourEvent(at, ns, new IPAddress(destination), known && link.Length == 6 ? MacAddress.Read(link) : null));
    }

    /// <summary>struct rtattr { u16 len, type; } and data, aligned to four bytes.</summary>
    private static ReadOnlySpan<byte> Attribute(ReadOnlySpan<byte> attributes, int wanted)
    {
        while (attributes.Length >= 4)
        {
            var length = MemoryMarshal.Read<ushort>(attributes);
            if (length < 4 || length > attributes.Length)
                break;
            if (MemoryMarshal.Read<ushort>(attributes[2..]) == wanted)
                return attributes[4..length];
            attributes = attributes[Math.Min(attributes.Length, (length + 3) & ~3)..];
        }
        return [];
    }
}
