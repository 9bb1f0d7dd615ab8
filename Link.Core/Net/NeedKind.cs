namespace Link.Core.Net;

/// <summary>What the host needs an address for, the most telling first: an address may be several.</summary>
internal enum NeedKind
{
    /// <summary>The host itself has it and speaks by it.</summary>
    Own,

    /// <summary>A member of etcd is there.</summary>
    EtcdMember,

    /// <summary>A route of the host goes by it.</summary>
    Gateway,

    /// <summary>/etc/resolv.conf names it.</summary>
    NameServer,

    /// <summary>The broadcast address of a network of the host.</summary>
    Broadcast,

    /// <summary>Another host's agent says that it is that host's own.</summary>
    PeersOwn,
}
