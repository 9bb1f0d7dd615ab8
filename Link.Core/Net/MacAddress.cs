namespace Link.Core.Net;

/// <summary>A 48-bit hardware address; ordered as a number, as RFC 5227 style ties are broken.</summary>
internal readonly record struct MacAddress : IComparable<MacAddress>
{
    public const int Size = 6;

    private readonly ulong _value;

    /// <param name="bytes">Six bytes (or more, of which the first six count) in wire order.</param>
    public MacAddress(ReadOnlySpan<byte> bytes)
    {
        for (var i = 0; i < Size; i++)
            _value = (_value << 8) | bytes[i];
    }

    private MacAddress(ulong value) => _value = value;

    public static MacAddress Broadcast { get; } = new(0xFFFF_FFFF_FFFF);

    /// <summary>33:33:00:00:00:01, the Ethernet group of ff02::1.</summary>
    public static MacAddress AllNodes { get; } = new(0x3333_0000_0001);

    public bool IsZero => _value == 0;

    /// <summary>Broadcast or multicast: nobody's own address.</summary>
    public bool IsGroup => (_value & 0x0100_0000_0000) != 0;

    /// <summary>The Ethernet group of an IPv6 group: 33:33 and its last four bytes (RFC 2464 section 7).</summary>
    public static MacAddress OfGroup(HostAddress group)
    {
        Span<byte> bytes = stackalloc byte[16];
        group.CopyTo(bytes);
        ulong value = 0x3333;
        for (var i = 12; i < 16; i++)
            value = (value << 8) | bytes[i];
        return new MacAddress(value);
    }

    public static MacAddress Parse(string text)
    {
        var bytes = Convert.FromHexString(text.Replace(":", "", StringComparison.Ordinal));
        return bytes.Length == Size ? new MacAddress(bytes) : throw new FormatException($"{text} is not a hardware address of six bytes");
    }

    public void CopyTo(Span<byte> destination)
    {
        for (var i = 0; i < Size; i++)
            destination[i] = (byte)(_value >> (8 * (Size - 1 - i)));
    }

    public int CompareTo(MacAddress other) => _value.CompareTo(other._value);

    public override string ToString()
    {
        Span<char> text = stackalloc char[17];
        for (var i = 0; i < Size; i++)
        {
            ((byte)(_value >> (8 * (Size - 1 - i)))).TryFormat(text[(i * 3)..], out _, "x2");
            if (i > 0)
                text[(i * 3) - 1] = ':';
        }

        return new string(text);
    }
}
