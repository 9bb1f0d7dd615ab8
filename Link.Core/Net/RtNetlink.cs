using System.Runtime.InteropServices;
using Link.Core.Net.Linux;
using static Link.Core.Net.Linux.Netlink;
using static Link.Core.Net.Linux.Rtnetlink;

namespace Link.Core.Net;

/// <summary>
/// Asks the kernel for addresses and interfaces, and changes addresses, many with one send. The kernel carries a request out
/// within the send (about 10 us an address), so that nothing here waits.
/// </summary>
internal sealed class RtNetlink : IDisposable
{
    // So many acknowledgements (768 bytes of accounting each) fit into the receive buffer with room to spare.
    private const int BatchSize = 512;
    private const int ReceiveBuffer = 4 << 20;
    private const int AckSlot = 512;
    private const int DumpSlot = 64 << 10;
    private const int MaxDumpTries = 5;

    private readonly NetlinkSocket _socket = new(groups: 0, ReceiveBuffer);
    private readonly RouteRequests _requests = new(BatchSize);
    // Pinned, as the other buffers for the kernel that live as long as the agent: they neither fill the first generation nor are they copied.
    private readonly byte[] _receive = GC.AllocateUninitializedArray<byte>(DumpSlot, pinned: true);
    private readonly int[] _lengths = new int[64];
    private uint _sequence = 1;

    /// <summary>The nlmsg_pid of the notices that our requests cause.</summary>
    public uint PortId => _socket.PortId;

    /// <summary>How many sends and receives there were.</summary>
    public long SystemCalls { get; private set; }

    /// <summary>Asks for all changes, in order; one that fails does not stop the others.</summary>
    /// <param name="errors">As long as the requests; null where the kernel agreed.</param>
    public void Change(ReadOnlySpan<AddressRequest> requests, Span<KernelError?> errors)
    {
        for (var at = 0; at < requests.Length; at += BatchSize)
        {
            var count = Math.Min(BatchSize, requests.Length - at);
            ChangeBatch(requests.Slice(at, count), errors.Slice(at, count));
        }
    }

    /// <summary>Asks for one change.</summary>
    /// <returns>Null if the kernel agreed.</returns>
    public KernelError? Change(AddressRequest request)
    {
        KernelError?[] errors = [null];
        Change([request], errors);
        return errors[0];
    }

    /// <summary>Finds out whether this process may change addresses: of a request about no interface, the kernel looks at its sender first.</summary>
    /// <exception cref="KernelException">It may not.</exception>
    public void RequireRights()
    {
        NetworkLink none = new(0, "no interface", null, IsUp: false, HasCarrier: false, IsLoopback: false, HasNoArp: false);
        if (Change(new AddressRequest(AddressRequestKind.Remove, none, new VirtualAddress(HostAddress.Any4, 32))) is { Number: Errno.EPERM or Errno.EACCES } refused)
            throw new KernelException("change addresses", refused.Number);
    }

    /// <param name="interfaceIndex">0 = of all interfaces.</param>
    /// <exception cref="KernelException">The kernel refused; other than for memory that should not happen.</exception>
    public List<AddressRecord> DumpAddresses(int interfaceIndex = 0)
    {
        List<AddressRecord> addresses = [];
        for (var attempt = 1; ; attempt++)
        {
            addresses.Clear();
            var sequence = ++_sequence;
            _requests.Clear();
            _requests.DumpAddresses(sequence, interfaceIndex);
            var complete = Dump("list the addresses", sequence, RTM_NEWADDR, payload =>
            {
                // A kernel without strict checking lists all interfaces.
                if (RouteMessage.Address(payload) is { } address && (interfaceIndex == 0 || address.InterfaceIndex == interfaceIndex))
                    addresses.Add(address);
            });
            if (complete || attempt == MaxDumpTries)
                return addresses;
        }
    }

    /// <summary>As <see cref="DumpAddresses"/>, each with its message's payload, by which <see cref="AddAsItWas"/> can add it again.</summary>
    public List<(AddressRecord Record, byte[] Message)> DumpAddressMessages(int interfaceIndex)
    {
        List<(AddressRecord, byte[])> addresses = [];
        var sequence = ++_sequence;
        _requests.Clear();
        _requests.DumpAddresses(sequence, interfaceIndex);
        Dump("list the addresses", sequence, RTM_NEWADDR, payload =>
        {
            if (RouteMessage.Address(payload) is { } address && address.InterfaceIndex == interfaceIndex)
                addresses.Add((address, payload.ToArray()));
        });
        return addresses;
    }

    /// <summary>Adds an address with every property that it had.</summary>
    /// <returns>Null if the kernel agreed.</returns>
    public KernelError? AddAsItWas(ReadOnlySpan<byte> message, string what)
    {
        var sequence = ++_sequence;
        _requests.Clear();
        _requests.AddAsItWas(sequence, message);
        SystemCalls += 2;
        var sent = _socket.Send(_requests.Written);
        if (sent != 0)
            return new KernelError(what, sent);
        var length = _socket.Receive(_receive);
        ReadOnlySpan<byte> data = _receive.AsSpan(0, Math.Max(length, 0));
        if (!RouteMessage.TryTake(ref data, out var header, out var payload) || header.nlmsg_type != NLMSG_ERROR || payload.Length < 4)
            return new KernelError(what, Errno.EPROTO);
        var errno = -MemoryMarshal.Read<int>(payload);
        return errno == 0 ? null : new KernelError(what, errno, RouteMessage.ErrorText(header, payload));
    }

    /// <inheritdoc cref="DumpAddresses"/>
    public List<NetworkLink> DumpLinks()
    {
        List<NetworkLink> links = [];
        for (var attempt = 1; ; attempt++)
        {
            links.Clear();
            var sequence = ++_sequence;
            _requests.Clear();
            _requests.DumpLinks(sequence);
            var complete = Dump("list the interfaces", sequence, RTM_NEWLINK, payload =>
            {
                if (RouteMessage.Link(payload, static _ => null) is { } link)
                    links.Add(link);
            });
            if (complete || attempt == MaxDumpTries)
                return links;
        }
    }

    public void Dispose() => _socket.Dispose();

    private void ChangeBatch(ReadOnlySpan<AddressRequest> requests, Span<KernelError?> errors)
    {
        var first = _sequence + 1;
        _requests.Clear();
        foreach (var request in requests)
        {
            if (request.Kind == AddressRequestKind.Remove)
                _requests.RemoveAddress(++_sequence, request.Link.Index, request.Address);
            else
                _requests.AddAddress(++_sequence, request.Link.Index, request.Address, request.LifetimeSeconds, request.Kind == AddressRequestKind.Refresh);
        }

        SystemCalls++;
        var sent = _socket.Send(_requests.Written);
        if (sent != 0)
        {
            for (var i = 0; i < requests.Length; i++)
                errors[i] = new KernelError(requests[i].ToString(), sent);
            return;
        }

        Span<bool> answered = stackalloc bool[BatchSize];
        answered.Clear();
        var missing = requests.Length;
        while (missing > 0)
        {
            SystemCalls++;
            var count = _socket.ReceiveMany(_receive, AckSlot, _lengths);
            if (count is -Errno.EINTR or -Errno.ENOBUFS)
                continue;
            if (count < 0)
                break;
            for (var i = 0; i < count; i++)
            {
                ReadOnlySpan<byte> data = _receive.AsSpan(i * AckSlot, Math.Min(_lengths[i], AckSlot));
                while (RouteMessage.TryTake(ref data, out var header, out var payload))
                {
                    var index = header.nlmsg_seq - first;
                    // Anything else is what an earlier, broken off exchange left behind.
                    if (header.nlmsg_type != NLMSG_ERROR || index >= requests.Length || answered[(int)index] || payload.Length < 4)
                        continue;
                    answered[(int)index] = true;
                    missing--;
                    var errno = -MemoryMarshal.Read<int>(payload);
                    errors[(int)index] = errno == 0
                        ? null
                        : new KernelError(requests[(int)index].ToString(), errno, RouteMessage.ErrorText(header, payload));
                }
            }
        }

        // The kernel drops acknowledgements only for want of memory. What it did is then unknown, and that is an error.
        for (var i = 0; missing > 0 && i < requests.Length; i++)
        {
            if (!answered[i])
                errors[i] = new KernelError(requests[i].ToString(), Errno.ENOBUFS, "no acknowledgement");
        }
    }

    private bool Dump(string what, uint sequence, ushort type, Action<ReadOnlySpan<byte>> add)
    {
        SystemCalls++;
        var sent = _socket.Send(_requests.Written);
        if (sent != 0)
            throw new KernelException(what, sent);
        var complete = true;
        while (true)
        {
            SystemCalls++;
            var length = _socket.Receive(_receive);
            if (length == -Errno.EINTR)
                continue;
            if (length < 0)
                throw new KernelException(what, -length);
            ReadOnlySpan<byte> data = _receive.AsSpan(0, length);
            while (RouteMessage.TryTake(ref data, out var header, out var payload))
            {
                if (header.nlmsg_seq != sequence)
                    continue;
                // The list changed while it was read: read it again.
                if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0)
                    complete = false;
                if (header.nlmsg_type == type)
                    add(payload);
                else if (header.nlmsg_type == NLMSG_DONE)
                    return complete;
                else if (header.nlmsg_type == NLMSG_ERROR && payload.Length >= 4)
                    throw new KernelException(new KernelError(what, -MemoryMarshal.Read<int>(payload), RouteMessage.ErrorText(header, payload)));
            }
        }
    }
}
