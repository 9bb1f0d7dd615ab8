using System.Diagnostics.CodeAnalysis;

namespace Link.Core.Net;

/// <summary>The host's interfaces, by number and by name, as told by the kernel's messages.</summary>
internal sealed class LinkTable
{
    private readonly Dictionary<int, NetworkLink> _byIndex = [];
    private readonly Dictionary<string, NetworkLink> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<MacAddress, int> _macs = [];

    public IReadOnlyCollection<NetworkLink> All => _byIndex.Values;

    public NetworkLink? Find(int index) => _byIndex.GetValueOrDefault(index);

    public NetworkLink? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Whether the hardware address is one of this machine's.</summary>
    public bool IsOwn(MacAddress mac) => _macs.ContainsKey(mac);

    /// <summary>Why an interface cannot serve an address (<c>eth0 has no carrier</c>), or null if it can.</summary>
    public string? Fault(string name) => _byName.TryGetValue(name, out var link) ? link.Fault : $"{name} does not exist";

    /// <summary>The interface, if it can send announcements.</summary>
    public bool TryFindSpeaking(string name, [NotNullWhen(true)] out NetworkLink? link)
        => _byName.TryGetValue(name, out link) && link is { HasNeighbours: true, Fault: null };

    /// <summary>Takes over the kernel's word.</summary>
    public LinkChange Set(NetworkLink link, out NetworkLink? before)
    {
        before = Find(link.Index);
        if (before is not null)
            Forget(before);
        _byIndex[link.Index] = link;
        _byName[link.Name] = link;
        if (link.Mac is { } mac)
            _macs[mac] = _macs.GetValueOrDefault(mac) + 1;
        return Compare(before, link);
    }

    public NetworkLink? Remove(int index)
    {
        var link = Find(index);
        if (link is not null)
            Forget(link);
        return link;
    }

    private static LinkChange Compare(NetworkLink? before, NetworkLink now)
    {
        if (before is null)
            return LinkChange.Appeared;
        var change = LinkChange.None;
        if (before.Name != now.Name)
            change |= LinkChange.Renamed;
        if (before.IsUp != now.IsUp)
            change |= now.IsUp ? LinkChange.Up : LinkChange.Down;
        if (before.HasCarrier != now.HasCarrier)
            change |= now.HasCarrier ? LinkChange.CarrierFound : LinkChange.CarrierLost;
        if (before.Mac != now.Mac)
            change |= LinkChange.MacChanged;
        return change;
    }

    private void Forget(NetworkLink link)
    {
        _byIndex.Remove(link.Index);
        // Two renames in a row may have given the name to another interface already.
        if (_byName.TryGetValue(link.Name, out var named) && named.Index == link.Index)
            _byName.Remove(link.Name);
        if (link.Mac is not { } mac)
            return;
        if (_macs[mac] == 1)
            _macs.Remove(mac);
        else
            _macs[mac]--;
    }
}
