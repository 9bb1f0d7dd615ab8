namespace Link.Core.Net;

/// <summary>A network interface as the kernel shows it.</summary>
/// <param name="Index">The kernel's number; a re-created interface has another one.</param>
/// <param name="Mac">Null unless it is Ethernet's six bytes.</param>
/// <param name="IsUp">Switched on by the administrator (IFF_UP).</param>
/// <param name="HasCarrier">A cable or its likeness is plugged in and the interface is operational.</param>
/// <param name="IsLoopback">IFF_LOOPBACK.</param>
/// <param name="HasNoArp">IFF_NOARP: there are no neighbours to tell.</param>
internal sealed record NetworkLink(int Index, string Name, MacAddress? Mac, bool IsUp, bool HasCarrier, bool IsLoopback, bool HasNoArp)
{
    /// <summary>There are neighbours that learn addresses by ARP or NDP.</summary>
    public bool HasNeighbours => !IsLoopback && !HasNoArp && Mac is { IsZero: false };

    /// <summary>Why it cannot serve an address, in words, or null if it can.</summary>
    public string? Fault => !IsUp ? $"{Name} is down" : !HasCarrier ? $"{Name} has no carrier" : null;
}
