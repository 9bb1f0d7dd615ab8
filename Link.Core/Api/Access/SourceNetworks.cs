using System.Net;
using System.Net.Sockets;

namespace Link.Core.Api.Access;

/// <summary>
/// The networks that a source belongs to, wide to narrow. Of IPv6: what a provider has (/32), what a site gets of it (/48), and a link (/64). Of IPv4: /16,
/// /24 and the address.
/// </summary>
/// <param name="Wide">Of a provider.</param>
/// <param name="Site">Of a site.</param>
/// <param name="Source">See <see cref="ClientSource"/>.</param>
internal readonly record struct SourceNetworks(IPNetwork Wide, IPNetwork Site, IPNetwork Source)
{
    public static SourceNetworks Of(IPAddress source) => source.AddressFamily == AddressFamily.InterNetworkV6
        ? new SourceNetworks(Network(source, 32), Network(source, 48), Network(source, 64))
        : new SourceNetworks(Network(source, 16), Network(source, 24), Network(source, 32));

    private static IPNetwork Network(IPAddress address, int prefix)
    {
        byte[] bytes = address.GetAddressBytes();
        bytes.AsSpan(prefix / 8).Clear();
        return new IPNetwork(new IPAddress(bytes), prefix);
    }
}
