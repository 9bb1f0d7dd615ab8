using static Link.Core.Net.Linux.IfAddr;

namespace Link.Core.Net;

/// <summary>
/// The addresses that this host needs to reach, or to be, and which it therefore cannot hold for others: with one of them on its interface it would
/// cut itself off, or take from another machine what that is reached by. A record in etcd, whoever wrote it, does not change that. Immutable: a decision
/// over <see cref="NeedSources"/>, made anew when they change.
/// <para>
/// The host's own are the addresses that the kernel chooses as source, towards etcd and the gateways. Virtual addresses are not own although the
/// kernel may choose one: ours carry our mark, and one that LinK or an administrator put there stands beside the address of the host's network.
/// </para>
/// </summary>
internal sealed class NeededAddresses
{
    private readonly Dictionary<HostAddress, Need> _needs = [];
    private readonly HashSet<HostAddress> _here = [];

    public NeededAddresses(NeedSources sources)
    {
        HashSet<HostAddress> own = [];
        foreach (var (address, purpose) in sources.Sources)
        {
            if (address.IsAny || address.IsLoopback || !IsOwn(address, sources.Addresses))
                continue;
            own.Add(address);
            Add(address, NeedKind.Own, $"this host's own address, by which it reaches {purpose}");
        }

        Own = own;
        foreach (var (address, member) in sources.EtcdMembers)
            Add(address, NeedKind.EtcdMember, $"the address of etcd member {member}");
        foreach (var hop in sources.NextHops.OrderByDescending(static hop => hop.IsDefault))
            Add(hop.Address, NeedKind.Gateway, hop.IsDefault ? "this host's default gateway" : "a gateway of this host");
        foreach (var address in sources.NameServers)
            Add(address, NeedKind.NameServer, "a name server of this host (/etc/resolv.conf)");
        foreach (var record in sources.Addresses)
        {
            var (host, length) = record.Address;
            if (!record.IsMarked && !host.IsIPv6 && !host.IsLoopback && length < 31)
                Add(host.LastOf(length), NeedKind.Broadcast, $"the broadcast address of this host's network {record.Address}");
        }

        foreach (var (address, host) in sources.Peers)
            Add(address, NeedKind.PeersOwn, $"the own address of host {host}, as its agent says");
        foreach (var address in sources.Except)
            _needs.Remove(address);
        foreach (var record in sources.Addresses)
        {
            if (_needs.ContainsKey(record.Address.Host))
                _here.Add(record.Address.Host);
        }
    }

    public static NeededAddresses None { get; } = new(new NeedSources());

    /// <summary>The host's own, also those that the operator wants to hold.</summary>
    public IReadOnlySet<HostAddress> Own { get; }

    /// <summary>What the host needs an address for; null: nothing that is known.</summary>
    public Need? Find(HostAddress address) => _needs.TryGetValue(address, out var need) ? need : null;

    /// <summary>A needed address is on an interface of this host already, whoever put it there: the kernel takes what is sent to it for its own.</summary>
    public bool IsHere(HostAddress address) => _here.Contains(address);

    /// <summary>Whether nothing that can be asked has another answer.</summary>
    public bool Says(NeededAddresses other) =>
        _here.SetEquals(other._here) && Own.SetEquals(other.Own) && _needs.Count == other._needs.Count
        && _needs.All(pair => other._needs.TryGetValue(pair.Key, out var need) && need == pair.Value);

    private void Add(HostAddress address, NeedKind kind, string text)
    {
        if (!address.IsAny && !address.IsLoopback)
            _needs.TryAdd(address, new Need(kind, text));
    }

    private static bool IsOwn(HostAddress address, IReadOnlyList<AddressRecord> all)
    {
        var isThere = false;
        foreach (var record in all)
        {
            if (record.Address.Host != address)
                continue;
            isThere = true;
            if (!record.IsMarked && !all.Any(other => StandsBeside(record, other)))
                return true;
        }

        // Not on any interface: the kernel lets a program send from it all the same (a tunnel, ip_nonlocal_bind).
        return !isThere;
    }

    /// <summary>
    /// Whether an address that the kernel chose as source is a virtual one all the same, because the host has another in the same network: LinK adds
    /// /32 and /128, and Linux prefers an IPv6 address that shares more bits with the destination, or the youngest.
    /// </summary>
    private static bool StandsBeside(AddressRecord record, AddressRecord other)
    {
        var (host, length) = record.Address;
        if (other.IsMarked || other.InterfaceIndex != record.InterfaceIndex || other.Address.Host == host || other.Address.IsSingle
            || !other.Address.Host.SharesPrefix(host, other.Address.PrefixLength) || record.ValidSeconds is not null || record.Mark != IFAPROT_UNSPEC)
            return false;
        return length == host.Size * 8 || (host.IsIPv6 && other.CreatedAt < record.CreatedAt);
    }
}
