using System.Globalization;

namespace Link.Tests.Bed;

/// <summary>Six bytes, as a number: it can be compared and kept without an allocation.</summary>
internal readonly record struct MacAddress(long Value)
{
    internal static MacAddress Broadcast => new(0xffff_ffff_ffff);

    internal static MacAddress Read(ReadOnlySpan<byte> bytes)
    {
        var value = 0L;
        foreach (var b in bytes[..6])
            value = (value << 8) | b;
        return new MacAddress(value);
    }

    internal void Write(Span<byte> bytes)
    {
        for (var i = 0; i < 6; i++)
            bytes[i] = (byte)(Value >> (40 - (8 * i)));
    }

    public override string ToString()
    {
        var bytes = new byte[6];
        Write(bytes);
        return string.Join(':', bytes.Select(b => b.ToString("x2", CultureInfo.InvariantCulture)));
    }
}
