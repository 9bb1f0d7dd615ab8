namespace Link.Core.Net;

/// <summary>Why a packet heard on the LAN says nothing to us.</summary>
internal enum IgnoredBecause
{
    /// <summary>It is not ignored.</summary>
    None,
    Truncated,

    /// <summary>Not ARP for IPv4 on Ethernet, not a neighbour advertisement or solicitation.</summary>
    OtherProtocol,

    /// <summary>Its hop limit says that it came through a router.</summary>
    NotFromThisLink,

    /// <summary>We sent it (PACKET_OUTGOING).</summary>
    Outgoing,

    /// <summary>Its sender is one of this machine's interfaces.</summary>
    OwnHardware,

    /// <summary>It was sent to another machine, or in a VLAN that this host is not in (PACKET_OTHERHOST).</summary>
    OtherHost,

    /// <summary>Its sender's hardware address is zero or a group's, or its sender's IP address is nobody's.</summary>
    NoSender,

    /// <summary>A neighbour must not believe it (RFC 4861 sections 7.1.1 and 7.1.2).</summary>
    Invalid,

    /// <summary>It is about an address that we do not watch.</summary>
    NotWatched,

    /// <summary>We watch the address, but on another interface.</summary>
    OtherInterface,

    /// <summary>The same was told for this address a moment ago.</summary>
    Repeated,
}
