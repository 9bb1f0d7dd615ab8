using Link.Core.Net.Linux;

namespace Link.Core.Net;

/// <summary>Sends frames by a packet socket.</summary>
internal sealed class PacketFrames : IFrameSender, IDisposable
{
    private readonly PacketSocket _socket = PacketSocket.ForSending();

    public int Send(int interfaceIndex, ushort etherType, MacAddress destination, ReadOnlySpan<byte> payload)
        => _socket.Send(interfaceIndex, etherType, destination, payload);

    public void Dispose() => _socket.Dispose();
}
