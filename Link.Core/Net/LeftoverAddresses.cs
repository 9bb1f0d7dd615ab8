using Link.Core.Net.Linux;

namespace Link.Core.Net;

/// <summary>Removes what agents left on the interfaces of a host that is to have none: the end of a host's life with LinK, not of a process's.</summary>
internal sealed class LeftoverAddresses : INetworkEvents
{
    private readonly List<(VirtualAddress Address, KernelError Error)> _failed = [];

    private LeftoverAddresses()
    {
    }

    /// <returns>How many are gone, and those that the kernel did not remove.</returns>
    /// <exception cref="KernelException">CAP_NET_ADMIN is missing, or the kernel does not list its addresses.</exception>
    public static (int Removed, IReadOnlyList<(VirtualAddress Address, KernelError Error)> Failed) Remove()
    {
        using var kernel = new RtNetlink();
        LinkTable links = new();
        foreach (var link in kernel.DumpLinks())
            links.Set(link, out _);
        LeftoverAddresses events = new();
        var removed = new HeldAddresses(kernel, links, events).RemoveLeftovers();
        return (removed - events._failed.Count, events._failed);
    }

    void INetworkEvents.AddressFailed(VirtualAddress address, KernelError error) => _failed.Add((address, error));

    void INetworkEvents.LinkChanged(NetworkLink link, LinkChange change)
    {
    }

    void INetworkEvents.AddressHeld(VirtualAddress address, bool isOurs)
    {
    }

    void INetworkEvents.AddressRestored(VirtualAddress address)
    {
    }

    void INetworkEvents.AddressLost(VirtualAddress address, AddressLoss loss)
    {
    }

    void INetworkEvents.RivalHeard(HostAddress address, MacAddress mac)
    {
    }

    void INetworkEvents.ProbeHeard(HostAddress address, MacAddress mac)
    {
    }

    void INetworkEvents.Notice(string text)
    {
    }
}
