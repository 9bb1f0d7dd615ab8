using System.Buffers.Binary;
using Google.Protobuf;

namespace Link.Tests.Fuzz;

/// <summary>What a <see cref="HostileMember"/> answers.</summary>
/// <param name="Body">Frames, as they are sent; null: none, the status comes with the headers.</param>
/// <param name="GrpcStatus">A number, as it should be; null: none.</param>
internal sealed record HostileAnswer(int HttpStatus, byte[]? Body, string? GrpcStatus = "0", string? Message = null)
{
    /// <summary>Behind the body nothing comes, and no end, until the other side gives up.</summary>
    public bool StaysOpen { get; init; }

    /// <summary>A message in its frame.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> message)
    {
        byte[] frame = [0, 0, 0, 0, 0, .. message];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        return frame;
    }

    public static byte[] Frames(params IEnumerable<IMessage> messages) => [.. messages.SelectMany(static message => Frame(message.ToByteArray()))];
}
