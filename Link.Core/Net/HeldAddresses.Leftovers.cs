using Link.Core.Net.Linux;

namespace Link.Core.Net;

/// <summary>What an earlier process left on the interfaces.</summary>
internal sealed partial class HeldAddresses
{
    /// <summary>Addresses with our mark that are not held: what an earlier run left behind.</summary>
    /// <exception cref="KernelException">The kernel does not list its addresses.</exception>
    public IReadOnlyList<(VirtualAddress Address, string InterfaceName)> Leftovers()
    {
        List<(VirtualAddress, string)> leftovers = [];
        foreach (var record in kernel.DumpAddresses())
        {
            if (record.IsMarked && !IsWanted(record) && links.Find(record.InterfaceIndex) is { } link)
                leftovers.Add((record.Address, link.Name));
        }

        return leftovers;
    }

    /// <summary>Removes what carries our mark and is neither held nor to be kept. Others' addresses are never touched.</summary>
    /// <param name="keep">Addresses about which the election has not decided yet.</param>
    /// <returns>How many were removed.</returns>
    public int RemoveLeftovers(IReadOnlySet<VirtualAddress>? keep = null)
    {
        List<HeldAddress> leftovers = [];
        foreach (var record in kernel.DumpAddresses())
        {
            if (!record.IsMarked || IsWanted(record) || keep?.Contains(record.Address) == true || links.Find(record.InterfaceIndex) is not { } link)
                continue;
            leftovers.Add(new HeldAddress(record.Address, link.Name) { State = HeldState.Ours, InterfaceIndex = link.Index });
        }

        Remove(leftovers);
        return leftovers.Count;
    }

    /// <summary>
    /// Gives addresses that are there without our mark, and for ever, our mark and a lifetime, in place: from now on they are what an earlier run left behind.
    /// Only for addresses of which the caller knows that a predecessor put them there.
    /// </summary>
    /// <returns>Those that were there.</returns>
    public IReadOnlyList<VirtualAddress> AdoptUnmarked(IReadOnlyList<(VirtualAddress Address, string InterfaceName)> addresses, int lifetimeSeconds)
    {
        HashSet<(VirtualAddress, string)> wanted = [.. addresses];
        List<AddressRequest> requests = [];
        foreach (var record in kernel.DumpAddresses())
        {
            if (record is { Mark: 0, ValidSeconds: null } && links.Find(record.InterfaceIndex) is { } link && wanted.Contains((record.Address, link.Name)) && !IsWanted(record))
                requests.Add(new AddressRequest(AddressRequestKind.Refresh, link, record.Address, lifetimeSeconds));
        }

        var errors = new KernelError?[requests.Count];
        kernel.Change([.. requests], errors);
        List<VirtualAddress> adopted = [];
        for (var i = 0; i < errors.Length; i++)
        {
            if (errors[i] is null)
                adopted.Add(requests[i].Address);
            else
                events.AddressFailed(requests[i].Address, errors[i]!);
        }

        return adopted;
    }
}
