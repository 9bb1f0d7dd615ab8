using System.Net;
using System.Net.Sockets;
using Link.Core.Net;

namespace Link.Core.Plugins;

/// <summary>
/// Which addresses plugins may connect to. Not those by which a machine is asked for its credentials (link-local, the clouds' metadata), nor what is no
/// host, unless the administrator names them; and never this agent's own API or a member of etcd, which take the agent's word for more than a guest's.
/// </summary>
/// <remarks>
/// Judged is the address that is connected to, each time: a name may lead elsewhere the next moment. An IPv6 address that a translator or a tunnel turns
/// into one of IPv4 counts as that one.
/// </remarks>
internal sealed class OutboundRules
{
    public static readonly OutboundRules Default = new([], 0, []);

    private static readonly (IPNetwork Network, string What)[] s_refused =
    [
        (IPNetwork.Parse("0.0.0.0/8"), "means this host itself"),
        (IPNetwork.Parse("169.254.0.0/16"), "is link-local, where clouds keep a machine's credentials"),
        (IPNetwork.Parse("168.63.129.16/32"), "is Azure's own, which configures the machine"),
        (IPNetwork.Parse("100.100.100.200/32"), "is Alibaba Cloud's metadata"),
        (IPNetwork.Parse("192.0.0.192/32"), "is Oracle Cloud's metadata"),
        (IPNetwork.Parse("224.0.0.0/4"), "is a multicast address"),
        (IPNetwork.Parse("240.0.0.0/4"), "is a broadcast or reserved address"),
        (IPNetwork.Parse("::/128"), "means this host itself"),
        (IPNetwork.Parse("fe80::/10"), "is link-local, where clouds keep a machine's credentials"),
        (IPNetwork.Parse("fd00:ec2::/32"), "is Amazon's metadata"),
        (IPNetwork.Parse("fd20:ce::/64"), "is Google Cloud's metadata"),
        (IPNetwork.Parse("fd00:c1::/64"), "is Oracle Cloud's metadata"),
        (IPNetwork.Parse("fd00:42::42/128"), "is Scaleway's metadata"),
        (IPNetwork.Parse("ff00::/8"), "is a multicast address"),
    ];

    /// <summary>IPv6 prefixes with an IPv4 address within, and its first byte's place.</summary>
    private static readonly (IPNetwork Network, int Offset)[] s_carriers =
    [
        (IPNetwork.Parse("::ffff:0:0/96"), 12),
        // IPv4-translated (RFC 2765), and the compatible ones that were given up (RFC 4291, 2.5.5.1).
        (IPNetwork.Parse("::ffff:0:0:0/96"), 12),
        (IPNetwork.Parse("::/96"), 12),
        // NAT64 (RFC 6052), and 6to4 (RFC 3056).
        (IPNetwork.Parse("64:ff9b::/96"), 12),
        (IPNetwork.Parse("2002::/16"), 2),
    ];

    private static readonly IPNetwork s_localNat64 = IPNetwork.Parse("64:ff9b:1::/48");
    private static readonly IPNetwork s_teredo = IPNetwork.Parse("2001::/32");

    private readonly IReadOnlyList<IPNetwork> _allowed;
    private readonly int _apiPort;
    private readonly IReadOnlyList<(string Host, int Port)> _members;

    /// <param name="allowed">WEBHOOK_ALLOW.</param>
    /// <param name="apiPort">Of this agent; 0: none.</param>
    /// <param name="members">Of etcd: name or address, and port.</param>
    public OutboundRules(IReadOnlyList<IPNetwork> allowed, int apiPort, IReadOnlyList<(string Host, int Port)> members)
    {
        _allowed = allowed;
        _apiPort = apiPort;
        _members = members;
    }

    /// <summary>What of a URL can be told before it is called: an address in its place, however it is written.</summary>
    /// <returns>Why it may not be called, and what to do; null: it may, as far as can be seen.</returns>
    public string? Fault(Uri url)
    {
        // What Uri takes for a name and the resolver for an address, IPAddress takes for one, too. What is missed here is judged when it is connected to.
        string host = url.IdnHost.Trim('[', ']').TrimEnd('.');
        if (IPAddress.TryParse(host, out IPAddress? address))
            return Fault(address, url.Port);
        bool isLoopback = host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase);
        return (isLoopback ? OwnService(host, url.Port) : null) ?? (IsMember(host, url.Port) ? Member(host) : null);
    }

    /// <inheritdoc cref="Fault(Uri)"/>
    public string? Fault(IPAddress address, int port)
    {
        IPAddress[] meant = [address, .. Carried(address)];
        if (Array.Exists(meant, IPAddress.IsLoopback) && OwnService(address.ToString(), port) is { } own)
            return own;
        if (Array.Exists(meant, one => IsMember(one.ToString(), port)))
            return Member(address.ToString());
        if (_allowed.Any(network => Array.Exists(meant, one => Contains(network, one))))
            return null;
        foreach ((IPNetwork network, string what) in s_refused)
        {
            if (Array.Find(meant, one => Contains(network, one)) is { } found)
                return $"{Name(address, found)} {what}; if it has to be called, name it in WEBHOOK_ALLOW";
        }

        return null;
    }

    /// <summary>What can be told of a connection only: whether it leads back to this host, or to a member of etcd by one of its names.</summary>
    /// <param name="self">This end.</param>
    /// <param name="other">The other end.</param>
    /// <exception cref="OutboundRefusedException">It may not be used.</exception>
    public async Task JudgeAsync(IPEndPoint self, IPEndPoint other, NameResolver names, CancellationToken cancel)
    {
        // A host that calls one of its own addresses does so from that address.
        bool leadsBack = IPAddress.IsLoopback(other.Address) || other.Address.Equals(self.Address);
        if (leadsBack && OwnService(other.Address.ToString(), other.Port) is { } own)
            throw new OutboundRefusedException(own);
        foreach ((string host, int port) in _members)
        {
            if (port == other.Port && !IPAddress.TryParse(host, out _) && await IsAddressOfAsync(host, other.Address, names, cancel).ConfigureAwait(false))
                throw new OutboundRefusedException(Member(other.Address.ToString()));
        }
    }

    /// <summary>For an address of this host itself.</summary>
    private string? OwnService(string host, int port) =>
        port == _apiPort ? $"{host} with this port is the API of this agent, which would take the call for its own host's"
        : _members.Any(member => member.Port == port) ? Member(host)
        : null;

    private static async Task<bool> IsAddressOfAsync(string host, IPAddress address, NameResolver names, CancellationToken cancel)
    {
        try
        {
            return (await names.ResolveAsync(host, cancel).ConfigureAwait(false)).Contains(address);
        }
        catch (SocketException)
        {
            // etcd's client cannot find it either.
            return false;
        }
    }

    private bool IsMember(string host, int port) =>
        _members.Any(member => member.Port == port && member.Host.Trim('[', ']').Equals(host, StringComparison.OrdinalIgnoreCase));

    private static string Member(string host) => $"{host} with this port is etcd's";

    private static string Name(IPAddress address, IPAddress meant) => address.Equals(meant) ? address.ToString() : $"{address} stands for {meant}, which";

    /// <summary>By their bytes: IPNetwork takes an IPv4-mapped address for one of IPv4.</summary>
    private static bool Contains(IPNetwork network, IPAddress address)
    {
        byte[] prefix = network.BaseAddress.GetAddressBytes();
        byte[] bytes = address.GetAddressBytes();
        int whole = network.PrefixLength / 8;
        int rest = network.PrefixLength % 8;
        return prefix.Length == bytes.Length
            && bytes.AsSpan(0, whole).SequenceEqual(prefix.AsSpan(0, whole))
            && (rest == 0 || (bytes[whole] ^ prefix[whole]) >> (8 - rest) == 0);
    }

    /// <summary>The IPv4 addresses that an address of IPv6 may lead to.</summary>
    private static List<IPAddress> Carried(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
            return [];
        byte[] bytes = address.GetAddressBytes();
        var carried = new List<IPAddress>();
        foreach ((IPNetwork network, int offset) in s_carriers)
        {
            if (Contains(network, address) && !address.Equals(IPAddress.IPv6Loopback) && !address.Equals(IPAddress.IPv6Any))
                carried.Add(At(bytes, offset));
        }

        // Where in the prefix a site's own translator looks depends on the prefix's length; byte 8 stays zero (RFC 6052, 2.2).
        if (Contains(s_localNat64, address))
        {
            carried.Add(At(bytes, 12));
            carried.Add(new IPAddress([bytes[6], bytes[7], bytes[9], bytes[10]]));
            carried.Add(new IPAddress([bytes[7], bytes[9], bytes[10], bytes[11]]));
            carried.Add(At(bytes, 9));
        }

        if (Contains(s_teredo, address))
            carried.Add(new IPAddress([(byte)~bytes[12], (byte)~bytes[13], (byte)~bytes[14], (byte)~bytes[15]]));

        // ISATAP (RFC 5214).
        if (bytes[8] is 0 or 2 && bytes[9] == 0 && bytes[10] == 0x5e && bytes[11] == 0xfe)
            carried.Add(At(bytes, 12));
        return carried;
    }

    private static IPAddress At(byte[] bytes, int offset) => new(bytes.AsSpan(offset, 4));
}
