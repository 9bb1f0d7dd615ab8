using System.Buffers.Binary;
using System.Net;

namespace Link.Tests.Bed;

/// <summary>
/// A flood of ARP frames about one address: questions, and announcements by machines that do not exist. The thread ends with this object.
/// </summary>
internal sealed class HostileFrames : IDisposable
{
    private const int FramesPerMillisecond = 10;
    private const int Request = 1, Reply = 2;

    private readonly IPAddress _address;
    private readonly Thread _thread;
    private volatile bool _ends;
    private int _sent;

    internal HostileFrames(NetworkNamespace from, string interfaceName, IPAddress address)
    {
        _address = address;
        _thread = from.StartThread("flood", () => Flood(interfaceName));
    }

    internal int Sent => _sent;

    public void Dispose()
    {
        _ends = true;
        _thread.Join();
    }

    private void Flood(string interfaceName)
    {
        Random random = new(1);
        while (!_ends)
        {
            for (int i = 0; i < FramesPerMillisecond; i++)
            {
                PacketSocket.SendFrame(interfaceName, Frame(random));
                _sent++;
            }

            Thread.Sleep(1);
        }
    }

    /// <summary>RFC 826 over Ethernet: header of 14 bytes, then types, sizes, operation, sender's and target's MAC and IPv4.</summary>
    private byte[] Frame(Random random)
    {
        byte[] frame = new byte[42];
        Span<byte> mac = stackalloc byte[6];
        random.NextBytes(mac);
        mac[0] = 0x06;
        frame.AsSpan(0, 6).Fill(0xff);
        mac.CopyTo(frame.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), 0x0806);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(14), 1);
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(16), 0x0800);
        frame[18] = 6;
        frame[19] = 4;
        bool claims = random.Next(2) == 0;
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(20), (ushort)(claims && random.Next(2) == 0 ? Reply : Request));
        mac.CopyTo(frame.AsSpan(22));
        (claims ? _address : new IPAddress([10, 77, 0, (byte)random.Next(120, 190)])).GetAddressBytes().CopyTo(frame, 28);
        _address.GetAddressBytes().CopyTo(frame, 38);
        return frame;
    }
}
