using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Link.Core.Secrets;

/// <summary>Parts in a row, each behind its length in four bytes, the highest first: no two lists of parts give the same bytes.</summary>
internal sealed class AssociatedData
{
    private readonly ArrayBufferWriter<byte> _bytes = new();

    public AssociatedData Add(string text) => Add(Encoding.UTF8.GetBytes(text));

    public AssociatedData Add(ReadOnlySpan<byte> part)
    {
        BinaryPrimitives.WriteInt32BigEndian(_bytes.GetSpan(sizeof(int)), part.Length);
        _bytes.Advance(sizeof(int));
        _bytes.Write(part);
        return this;
    }

    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();
}
