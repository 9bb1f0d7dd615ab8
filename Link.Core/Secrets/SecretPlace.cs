using System.Buffers.Binary;
using System.Text;

namespace Link.Core.Secrets;

/// <summary>Where a secret lies. What is encrypted for one place does not open at another, if its type can tell.</summary>
internal readonly record struct SecretPlace(string Host, string EndpointId, string SecretId)
{
    /// <summary>The three names in UTF-8, each behind its length in four bytes, the highest first: no two places share it.</summary>
    public byte[] ToAssociatedData()
    {
        var data = new byte[3 * sizeof(uint) + Encoding.UTF8.GetByteCount(Host) + Encoding.UTF8.GetByteCount(EndpointId) + Encoding.UTF8.GetByteCount(SecretId)];
        var rest = Append(Append(Append(data, Host), EndpointId), SecretId);
        return rest.IsEmpty ? data : throw new InvalidOperationException("The associated data has another length than its parts.");
    }

    private static Span<byte> Append(Span<byte> data, string name)
    {
        var length = Encoding.UTF8.GetBytes(name, data[sizeof(uint)..]);
        BinaryPrimitives.WriteInt32BigEndian(data, length);
        return data[(sizeof(uint) + length)..];
    }
}
