using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Link.Core.Net;

/// <summary>An address with its prefix length, as it is put on an interface: <c>10.0.0.1/32</c>.</summary>
internal readonly record struct VirtualAddress(HostAddress Host, byte PrefixLength)
{
    /// <summary>The prefix covers the whole address: /32 or /128.</summary>
    public bool IsSingle => PrefixLength == Host.Size * 8;

    public static VirtualAddress Parse(string text)
        => TryParse(text, out var address) ? address : throw new FormatException($"{text} is not an address with a prefix length, such as 10.0.0.1/32");

    /// <param name="text">An address, with or without a prefix length; without one it is /32 or /128.</param>
    public static bool TryParse([NotNullWhen(true)] string? text, out VirtualAddress address)
    {
        address = default;
        var slash = text?.IndexOf('/', StringComparison.Ordinal) ?? -1;
        if (!HostAddress.TryParse(slash < 0 ? text : text![..slash], out var host))
            return false;
        var longest = host.Size * 8;
        var length = (byte)longest;
        if (slash >= 0 && (!byte.TryParse(text![(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out length) || length > longest))
            return false;
        address = new VirtualAddress(host, length);
        return true;
    }

    public override string ToString() => $"{Host}/{PrefixLength}";
}
