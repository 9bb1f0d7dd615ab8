using Link.Core.Net;

namespace Link.Tests.Net;

/// <summary>Remembers the frames.</summary>
internal sealed class FakeFrames : IFrameSender
{
    public List<(ushort EtherType, MacAddress Destination, byte[] Payload)> Sent { get; } = [];

    public int Errno { get; set; }

    public int Send(int interfaceIndex, ushort etherType, MacAddress destination, ReadOnlySpan<byte> payload)
    {
        Sent.Add((etherType, destination, payload.ToArray()));
        return Errno;
    }

    /// <summary>The addresses of the frames so far, in order, and forgets them.</summary>
    public List<HostAddress> TakeAddresses()
    {
        var addresses = Sent.Select(s => s.EtherType == 0x0806 ? Sighting.OfArp(s.Payload).Address : Sighting.OfNeighbour(s.Payload, default).Address).ToList();
        Sent.Clear();
        return addresses;
    }
}
