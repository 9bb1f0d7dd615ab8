using Link.Core.Net;
using Link.Core.Net.Linux;

namespace Link.Tests.Net;

/// <summary>Hears the kernel's notices beside the network under test.</summary>
internal sealed class RtNetlinkSpectator : INetworkNotices, IDisposable
{
    private readonly NetworkMonitor _monitor;
    private readonly List<VirtualAddress> _removed = [];

    public RtNetlinkSpectator() => _monitor = new NetworkMonitor(new LinkTable(), this);

    /// <summary>Addresses removed since the start.</summary>
    public List<VirtualAddress> Removed()
    {
        _monitor.Dispatch(BootClock.NowMs);
        return _removed;
    }

    public void LinkSeen(NetworkLink link, long nowMs)
    {
    }

    public void LinkDeleted(int index, long nowMs)
    {
    }

    public void AddressAdded(AddressRecord address, uint causedBy, long nowMs)
    {
    }

    public void AddressRemoved(AddressRecord address, uint causedBy, long nowMs) => _removed.Add(address.Address);

    public void NoticesLost(long nowMs)
    {
    }

    public void Dispose() => _monitor.Dispose();
}
