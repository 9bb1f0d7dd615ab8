namespace Link.Core.Net;

/// <summary>
/// With an IPv4 address that was the first of its subnet on an interface, Linux removes all later ones of that subnet (the secondary
/// ones, unless net.ipv4.conf.*.promote_secondaries is set). Those are the administrator's: what vanishes with ours is put back.
/// </summary>
internal sealed class SubnetGuard
{
    private readonly RtNetlink _kernel;
    private readonly NetworkLink _link;
    private readonly List<(AddressRecord Record, byte[] Message)> _others = [];

    /// <summary>Remembers the addresses that depend on ours.</summary>
    public SubnetGuard(RtNetlink kernel, NetworkLink link, VirtualAddress ours)
    {
        _kernel = kernel;
        _link = link;
        foreach (var (record, message) in kernel.DumpAddressMessages(link.Index))
        {
            var other = record.Address;
            if (!record.IsMarked && other.PrefixLength == ours.PrefixLength && other.Host.SharesPrefix(ours.Host, ours.PrefixLength))
                _others.Add((record, message));
        }
    }

    /// <summary>Puts back what is missing, exactly as it was.</summary>
    public void Restore()
    {
        if (_others.Count == 0)
            return;
        HashSet<VirtualAddress> left = [];
        foreach (var record in _kernel.DumpAddresses(_link.Index))
            left.Add(record.Address);
        foreach (var (record, message) in _others)
        {
            if (!left.Contains(record.Address))
                _ = _kernel.AddAsItWas(message, $"put back {record.Address} on {_link.Name}");
        }
    }
}
