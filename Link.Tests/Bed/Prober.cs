using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Link.Tests.Bed;

/// <summary>
/// The client's view of an address: one echo request (ICMP, or ICMPv6) a millisecond, which the kernel of whoever has the address answers, with no
/// program in between whose pauses could be taken for an outage. The link address of an answer says which host it was.
/// One thread sends and one reads; neither allocates, and both are compiled once and for all (AggressiveOptimization): recompiling a hot loop
/// stops it, for long when the machine is busy. When the sender is late it sends nothing meanwhile, so that its own stalls lose no request;
/// they are counted. Answers carry the kernel's time stamps.
/// </summary>
internal sealed class Prober : IAsyncDisposable
{
    internal const long Interval = 1_000_000;

    private const int LastAnswerMilliseconds = 5_000;

    /// <summary>A later send than this is a stall.</summary>
    private const long StallAfter = 5_000_000;

    private readonly Lock _lock = new();
    private readonly NetworkNamespace _client;
    private readonly PacketSocket _packets;
    private readonly int _socket;
    private readonly ushort _identifier = (ushort)Random.Shared.Next(1, 0xffff);
    private readonly byte[] _target;
    private readonly List<Sighting> _sightings = [];
    private readonly List<Stall> _stalls = [];
    private readonly Thread _sender;
    private readonly Thread _reader;
    private long[] _sentAt = new long[1 << 17];
    private Answer[] _answers = new Answer[1 << 17];
    private int _sent;
    private int _answered;
    private int _sendErrors;
    private volatile bool _stopSending;
    private volatile bool _stopReading;
    private bool _disposed;

    private Prober(NetworkNamespace client, string interfaceName, IPAddress target)
    {
        Target = target;
        _target = target.GetAddressBytes();
        _client = client;
        (_socket, _packets) = client.Run(() => (OpenEchoSocket(target.AddressFamily), new PacketSocket(interfaceName)));
        _reader = client.StartThread("read", ReadLoop);
        _sender = client.StartThread("send", SendLoop);
    }

    internal IPAddress Target { get; }

    internal static Prober Start(NetworkNamespace client, string interfaceName, IPAddress target) => new(client, interfaceName, target);

    internal int Sent
    {
        get
        {
            lock (_lock)
                return _sent;
        }
    }

    internal int Answered
    {
        get
        {
            lock (_lock)
                return _answered;
        }
    }

    /// <summary>The latest answer, if it is not older than a tenth of a second.</summary>
    internal Answer? Current
    {
        get
        {
            lock (_lock)
            {
                if (_answered == 0)
                    return null;
                var last = _answers[_answered - 1];
                return BedClock.Now - last.At < 100_000_000 ? last : null;
            }
        }
    }

    /// <summary>Lets time go by: a request a millisecond.</summary>
    internal async Task MoreRequestsAsync(int count)
    {
        var goal = Sent + count;
        await Wait.UntilAsync($"{count} requests to {Target}", () => Sent >= goal, TimeSpan.FromMilliseconds(count) + TimeSpan.FromSeconds(30));
    }

    /// <summary>Waits until another host than <paramref name="old"/> answers.</summary>
    internal Task AnotherAnswersAsync(AgentHost old, TimeSpan deadline) =>
        Wait.UntilAsync($"answer by another host than {old}", () => Current is { } answer && answer.From != old.Mac, deadline);

    /// <summary>Stops sending, waits for the answer of the last request, and hands over all that was seen.</summary>
    internal async Task<ProbeRecord> FinishAsync()
    {
        _stopSending = true;
        _sender.Join();
        // What was answered at all was answered before it: the path has an order. Where nobody answers any more the wait has an end.
        var end = BedClock.Now;
        while (BedClock.MillisecondsSince(end) < LastAnswerMilliseconds && !IsLastAnswered())
            await Task.Delay(5);
        return Snapshot();
    }

    private bool IsLastAnswered()
    {
        lock (_lock)
            return _answered > 0 && _answers[_answered - 1].Sequence == _sent - 1;
    }

    /// <summary>What was seen so far. Requests on their way count as unanswered: see <see cref="ProbeRecord.LostBetween"/>.</summary>
    internal ProbeRecord Snapshot()
    {
        lock (_lock)
        {
            return new ProbeRecord
            {
                SentAt = _sentAt.AsSpan(0, _sent).ToArray(),
                Answers = _answers.AsSpan(0, _answered).ToArray(),
                Sightings = [.. _sightings],
                Stalls = [.. _stalls],
                SendErrors = _sendErrors,
            };
        }
    }

    public ValueTask DisposeAsync()
    {
        if (_disposed)
            return ValueTask.CompletedTask;
        _disposed = true;
        _stopSending = _stopReading = true;
        _sender.Join();
        _reader.Join();
        _packets.Dispose();
        LibC.close(_socket);
        return ValueTask.CompletedTask;
    }

    private static int OpenEchoSocket(AddressFamily family)
    {
        var v6 = family == AddressFamily.InterNetworkV6;
        var fd = LibC.socket(v6 ? LibC.AF_INET6 : LibC.AF_INET, LibC.SOCK_RAW | LibC.SOCK_CLOEXEC, v6 ? LibC.IPPROTO_ICMPV6 : LibC.IPPROTO_ICMP);
        if (fd < 0)
            throw new IOException($"raw socket: {Marshal.GetLastPInvokeErrorMessage()}");
        // The answers are read from the packet socket; nothing may pile up here.
        Span<byte> block = stackalloc byte[v6 ? 32 : 4];
        block.Fill(0xff);
        LibC.setsockopt(fd, v6 ? LibC.SOL_ICMPV6 : LibC.SOL_RAW, v6 ? LibC.ICMPV6_FILTER : LibC.ICMP_FILTER, block, block.Length);
        return fd;
    }

    /// <summary>Both threads sleep nearly all the time, so that they may go before others when they wake up.</summary>
    private static void PreferThisThread() => _ = LibC.sched_setscheduler(0, LibC.SCHED_RR, 10);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void SendLoop()
    {
        PreferThisThread();
        Span<byte> address = stackalloc byte[EchoPacket.SocketAddressLength];
        Span<byte> packet = stackalloc byte[EchoPacket.Length];
        var addressLength = EchoPacket.WriteSocketAddress(address, _target);
        var next = BedClock.Now;
        var last = next;
        while (!_stopSending)
        {
            var until = new LibC.timespec { tv_sec = next / 1_000_000_000, tv_nsec = next % 1_000_000_000 };
            LibC.clock_nanosleep(LibC.CLOCK_MONOTONIC, LibC.TIMER_ABSTIME, in until, 0);
            var now = BedClock.Now;
            lock (_lock)
            {
                if (now - last > StallAfter)
                    _stalls.Add(new Stall(last, now));
                if (_sent == _sentAt.Length)
                    Array.Resize(ref _sentAt, _sent * 2);
                _sentAt[_sent] = now;
                EchoPacket.WriteRequest(packet, _target.Length == 16, _identifier, _sent);
                _sent++;
            }
            // An error (no route, no such neighbour) is a request without an answer.
            if (LibC.sendto(_socket, packet, packet.Length, 0, address, addressLength) < 0)
                _sendErrors++;
            last = now;
            next = Math.Max(next + Interval, now - StallAfter);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void ReadLoop()
    {
        PreferThisThread();
        while (!_stopReading)
        {
            if (!_packets.Read(timeoutMilliseconds: 50))
                continue;
            if (EchoPacket.TryReadAnswer(_packets.Protocol, _packets.Packet, _target, _identifier, out var sequence))
            {
                lock (_lock)
                {
                    if (_answered == _answers.Length)
                        Array.Resize(ref _answers, _answered * 2);
                    _answers[_answered++] = new Answer(sequence, _packets.ReceivedAt, _packets.Sender);
                }
            }
            else if (NeighbourPacket.TryRead(_packets.Protocol, _packets.Packet, _target, _packets.Sender, _packets.ReceivedAt, out var sighting))
            {
                lock (_lock)
                    _sightings.Add(sighting);
            }
        }
    }
}
