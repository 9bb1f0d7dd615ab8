namespace Link.Core.Net.Linux;

/// <summary>Where a packet came from, from its sockaddr_ll.</summary>
/// <param name="InterfaceIndex">The interface that it came in by.</param>
/// <param name="PacketType">PACKET_*.</param>
/// <param name="Source">The frame's source; zero if it has none of six bytes.</param>
internal readonly record struct PacketOrigin(int InterfaceIndex, byte PacketType, MacAddress Source);
