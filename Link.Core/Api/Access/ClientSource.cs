using System.Net;
using System.Net.Sockets;

namespace Link.Core.Api.Access;

/// <summary>Who counts as one source: an IPv4 address, or a /64 of IPv6, in which one host may take any address it likes.</summary>
internal static class ClientSource
{
    private const int PrefixBytes = 8;

    public static IPAddress Of(IPAddress? address)
    {
        if (address is null)
        {
            return IPAddress.None;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(PrefixBytes).Clear();
        return new IPAddress(bytes);
    }
}
