namespace Link.Core.Net;

/// <summary>What is known of the addresses that the host needs, by where it is known from.</summary>
internal sealed record NeedSources
{
    /// <summary>The addresses of etcd's members, each with the member's URL.</summary>
    public IReadOnlyList<(HostAddress Address, string Member)> EtcdMembers { get; init; } = [];

    public IReadOnlyCollection<NextHop> NextHops { get; init; } = [];

    public IReadOnlyList<HostAddress> NameServers { get; init; } = [];

    /// <summary>The addresses on the host's interfaces.</summary>
    public IReadOnlyList<AddressRecord> Addresses { get; init; } = [];

    public IReadOnlyList<OwnSource> Sources { get; init; } = [];

    /// <summary>What other hosts' agents say of themselves.</summary>
    public IReadOnlyList<(HostAddress Address, string Host)> Peers { get; init; } = [];

    /// <summary>What the operator wants to hold all the same (PROTECTED_ADDRESSES_EXCEPT).</summary>
    public IReadOnlySet<HostAddress> Except { get; init; } = new HashSet<HostAddress>();
}
