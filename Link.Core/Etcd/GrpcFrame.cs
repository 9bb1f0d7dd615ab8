using System.Buffers.Binary;
using Google.Protobuf;

namespace Link.Core.Etcd;

/// <summary>
/// The frame around each message: <code>
/// +------------+---------------------+---------+
/// | compressed | length, big-endian  | message |
/// | 1 byte: 0  | 4 bytes             |         |
/// +------------+---------------------+---------+</code>
/// </summary>
internal static class GrpcFrame
{
    public const int HeaderSize = 5;

    /// <summary>Bytes; an answer beyond it is refused. etcd's own limit of a request is 1.5 MiB, of an answer there is none.</summary>
    public const int MaximalMessage = 64 << 20;

    public static int SizeOf(IMessage message) => HeaderSize + message.CalculateSize();

    /// <summary>Fills <paramref name="frame"/>, whose length is <see cref="SizeOf"/>.</summary>
    public static void Write(IMessage message, Span<byte> frame)
    {
        frame[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(frame[1..], frame.Length - HeaderSize);
        message.WriteTo(frame[HeaderSize..]);
    }

    /// <exception cref="InvalidDataException">Compressed, although that was not offered, or too long.</exception>
    public static int ReadLength(ReadOnlySpan<byte> header)
    {
        uint length = BinaryPrimitives.ReadUInt32BigEndian(header[1..]);
        if (header[0] != 0)
            throw new InvalidDataException("the answer is compressed, which was not asked for");
        return length <= MaximalMessage ? (int)length : throw new InvalidDataException($"the answer is {length} bytes long, more than {MaximalMessage}");
    }
}
