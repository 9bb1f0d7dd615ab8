using System.Runtime.InteropServices;

namespace Link.Core.Net;

/// <summary>
/// Walks netlink attributes. What is cut off ends the walk; nothing throws.
/// <code>
///  0         2         4                 rta_len      (padding to 4)
///  | rta_len | rta_type | payload ...    |
/// </code>
/// </summary>
internal ref struct RtAttributes(ReadOnlySpan<byte> data)
{
    private const int HeaderSize = 4;

    // NLA_F_NESTED and NLA_F_NET_BYTEORDER.
    private const ushort TypeMask = 0x3FFF;

    private ReadOnlySpan<byte> _rest = data;

    public bool TryNext(out ushort type, out ReadOnlySpan<byte> payload)
    {
        type = 0;
        payload = default;
        if (_rest.Length < HeaderSize)
            return false;
        var length = MemoryMarshal.Read<ushort>(_rest);
        if (length < HeaderSize || length > _rest.Length)
            return false;
        type = (ushort)(MemoryMarshal.Read<ushort>(_rest[2..]) & TypeMask);
        payload = _rest[HeaderSize..length];
        var next = (length + 3) & ~3;
        _rest = next >= _rest.Length ? default : _rest[next..];
        return true;
    }
}
