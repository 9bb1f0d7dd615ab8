using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;

namespace Link.Core.Net;

/// <summary>An IPv4 or IPv6 address as a value: unlike <see cref="IPAddress"/> it is compared and read from a packet without allocating.</summary>
internal readonly record struct HostAddress
{
    private readonly UInt128 _bits;

    /// <param name="bytes">Four or sixteen bytes in wire order.</param>
    public HostAddress(ReadOnlySpan<byte> bytes)
    {
        switch (bytes.Length)
        {
            case 4:
                _bits = BinaryPrimitives.ReadUInt32BigEndian(bytes);
                break;
            case 16:
                _bits = BinaryPrimitives.ReadUInt128BigEndian(bytes);
                IsIPv6 = true;
                break;
            default:
                throw new ArgumentException($"an address has 4 or 16 bytes, not {bytes.Length}", nameof(bytes));
        }
    }

    private HostAddress(UInt128 bits, bool isIPv6)
    {
        _bits = bits;
        IsIPv6 = isIPv6;
    }

    public static HostAddress Any4 { get; } = new(0, false);

    public static HostAddress Any6 { get; } = new(0, true);

    /// <summary>ff02::1.</summary>
    public static HostAddress AllNodes { get; } = Parse("ff02::1");

    public bool IsIPv6 { get; }

    /// <summary>4 or 16.</summary>
    public int Size => IsIPv6 ? 16 : 4;

    public bool IsAny => _bits == 0;

    /// <summary>Multicast, or IPv4's broadcast: many machines at once.</summary>
    public bool IsGroup => IsIPv6 ? (byte)(_bits >> 120) == 0xFF : (uint)_bits is >= 0xE000_0000 and < 0xF000_0000 or uint.MaxValue;

    public bool IsLoopback => IsIPv6 ? _bits == 1 : (byte)(_bits >> 24) == 127;

    /// <summary>169.254.0.0/16 or fe80::/10: it means something on one link only.</summary>
    public bool IsLinkLocal => IsIPv6 ? (ushort)(_bits >> 112) is >= 0xFE80 and < 0xFEC0 : (ushort)(_bits >> 16) == 0xA9FE;

    public static HostAddress Parse(string text)
        => TryParse(text, out var address) ? address : throw new FormatException($"{text} is not an IPv4 or IPv6 address");

    public static bool TryParse([NotNullWhen(true)] string? text, out HostAddress address)
    {
        address = default;
        if (!IPAddress.TryParse(text, out var parsed) || (parsed.AddressFamily == AddressFamily.InterNetworkV6 && parsed.ScopeId != 0))
            return false;
        address = From(parsed);
        return true;
    }

    public static HostAddress From(IPAddress address) => new(address.GetAddressBytes());

    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        CopyTo(bytes);
        return new IPAddress(bytes[..Size]);
    }

    /// <summary>ff02::1:ffXX:XXXX of the address's last three bytes (RFC 4291 section 2.7.1).</summary>
    public HostAddress SolicitedNodeGroup()
    {
        var prefix = new UInt128(0xFF02_0000_0000_0000, 0x0000_0001_FF00_0000);
        return new HostAddress(prefix | (_bits & 0xFF_FFFF), true);
    }

    public void CopyTo(Span<byte> destination)
    {
        if (IsIPv6)
            BinaryPrimitives.WriteUInt128BigEndian(destination, _bits);
        else
            BinaryPrimitives.WriteUInt32BigEndian(destination, (uint)_bits);
    }

    /// <summary>The last address of the network in which this one is with that prefix length; IPv4's broadcast address.</summary>
    public HostAddress LastOf(int prefixLength)
    {
        var hostBits = (Size * 8) - prefixLength;
        return new HostAddress(_bits | ((UInt128.One << hostBits) - 1), IsIPv6);
    }

    /// <summary>Whether both have the same first bits.</summary>
    public bool SharesPrefix(HostAddress other, int prefixLength)
    {
        if (IsIPv6 != other.IsIPv6)
            return false;
        var shift = (Size * 8) - prefixLength;
        return shift >= Size * 8 || _bits >> shift == other._bits >> shift;
    }

    public override string ToString() => ToIPAddress().ToString();
}
