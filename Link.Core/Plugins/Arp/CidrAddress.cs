using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Link.Core.Plugins.Arp;

/// <summary>A host's address with the prefix length of its network, as in <c>10.0.0.1/24</c>.</summary>
internal sealed record CidrAddress(IPAddress Address, int PrefixLength)
{
    /// <summary>Null when the text is none, with a message that says why and what to write.</summary>
    public static CidrAddress? Parse(string text, out string? fault)
    {
        var shown = ForeignText.Quotable(text);
        var slash = text.IndexOf('/');
        var address = ParseAddress(slash < 0 ? text : text[..slash]);
        if (address is null)
        {
            fault = $"\"{shown}\" is not an IP address with its prefix length, such as 10.0.0.1/32 or 2001:db8::1/128";
            return null;
        }

        var bits = address.AddressFamily == AddressFamily.InterNetwork ? 32 : 128;
        if (slash < 0)
            fault = $"\"{shown}\" has no prefix length; write {address}/{bits}";
        // To .NET, a number may end with NUL characters.
        else if (text.EndsWith('\0') || !int.TryParse(text.AsSpan(slash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var length) || length < 1 || length > bits)
            fault = $"\"{shown}\" has a wrong prefix length; must be 1 to {bits}";
        else if (address.IsIPv4MappedToIPv6)
            fault = $"\"{shown}\" is an IPv4 address inside an IPv6 one; write {address.MapToIPv4()}/32";
        else
        {
            fault = null;
            return new CidrAddress(address, length);
        }

        return null;
    }

    /// <summary>Why this address cannot be a machine's at all; null: it can.</summary>
    public string? Impossible()
    {
        var bytes = Address.GetAddressBytes();
        var isV4 = bytes.Length == 4;
        var kind = isV4 && bytes[0] == 0 || Address.Equals(IPAddress.IPv6Any) ? "is an unspecified address"
            : IPAddress.IsLoopback(Address) ? "is a loopback address"
            : Address.IsIPv6Multicast || isV4 && bytes[0] is >= 224 and < 240 ? "is a multicast address"
            : Address.Equals(IPAddress.Broadcast) ? "is the broadcast address"
            : null;
        return kind is null ? null : $"{Address} {kind}, which no host can have as its own";
    }

    /// <summary>Why no host should have this address as a virtual IP; null: one can.</summary>
    public string? Fault()
    {
        if (Impossible() is { } impossible)
            return impossible;
        var bytes = Address.GetAddressBytes();
        var isV4 = bytes.Length == 4;
        // With /31 and /127 both addresses are hosts (RFC 3021, RFC 6164), and a host's own prefix has no network.
        if (PrefixLength >= bytes.Length * 8 - 1)
            return null;
        if (HostBitsAre(bytes, 0))
            return $"{Address} is the {(isV4 ? "network's own address" : "subnet-router anycast address")} in /{PrefixLength}, not a host's; did you mean /{bytes.Length * 8}?";
        return isV4 && HostBitsAre(bytes, 1) ? $"{Address} is the broadcast address in /{PrefixLength}, not a host's; did you mean /32?" : null;
    }

    private static IPAddress? ParseAddress(string text)
    {
        // IPAddress also takes 10.1, 0x0a000001, leading zeros (octal) and a zone; Go, and so LinK, takes none of them.
        if (!IPAddress.TryParse(text, out var address) || text.Contains('%') || text.StartsWith('['))
            return null;
        return address.AddressFamily == AddressFamily.InterNetworkV6 || address.ToString() == text ? address : null;
    }

    private bool HostBitsAre(byte[] bytes, int wanted)
    {
        for (var bit = PrefixLength; bit < bytes.Length * 8; bit++)
        {
            if ((bytes[bit / 8] >> (7 - bit % 8) & 1) != wanted)
                return false;
        }

        return true;
    }
}
