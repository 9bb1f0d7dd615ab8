namespace Link.Core.Net;

/// <summary>Sends a frame from an interface; a fake in tests.</summary>
internal interface IFrameSender
{
    /// <returns>0 or an errno.</returns>
    int Send(int interfaceIndex, ushort etherType, MacAddress destination, ReadOnlySpan<byte> payload);
}
