namespace Link.Core.Net;

internal sealed partial class HeldAddresses
{
    /// <summary>The kernel told that an address was added or changed.</summary>
    public void AddressAdded(AddressRecord record, uint causedBy)
    {
        if (Match(record) is not { State: HeldState.Ours } held)
            return;
        TellPresent(held);
        if (record.IsMarked)
            return;
        if (causedBy == kernel.PortId)
        {
            if (!_marksReported)
                events.Notice("this kernel does not keep the mark on addresses (IFA_PROTO needs Linux 5.18): after a restart, "
                    + "addresses of the earlier run are not recognised and stay until their lifetime ends");
            _marksReported = true;
        }
        else if (!_marksReported)
        {
            // The administrator put his own in its place: from now on it is his.
            held.State = HeldState.Foreign;
        }
    }

    /// <summary>The kernel told that an address was removed. The flush at the end of the dispatch restores it.</summary>
    public void AddressRemoved(AddressRecord record, long nowMs)
    {
        // It may have been our own doing, or long ago: the flush finds out by trying to add it.
        if (Match(record) is not { State: not HeldState.Missing } held)
            return;
        if (held.NotBeforeMs > nowMs)
        {
            held.State = HeldState.Missing;
            Absent?.Invoke(held);
            events.AddressLost(held.Address, AddressLoss.RemovedAgainAndAgain);
            return;
        }

        // Linux takes IPv6 addresses away when an interface goes down. They come back with it.
        if (links.Find(record.InterfaceIndex) is { IsUp: false })
        {
            held.State = HeldState.Missing;
            return;
        }

        held.NeedsCheck = true;
        Queue(held);
    }

    /// <summary>An interface came up, came into being or changed its name.</summary>
    public void LinkSeen(NetworkLink link, LinkChange change)
    {
        if ((change & (LinkChange.Appeared | LinkChange.Renamed | LinkChange.Up)) == 0)
            return;
        foreach (var held in _held.Values)
        {
            if (held.InterfaceName == link.Name || held.InterfaceIndex == link.Index)
            {
                held.NeedsCheck |= held.State != HeldState.Missing;
                Queue(held);
            }
        }
    }

    /// <summary>An interface is gone, and its addresses with it.</summary>
    public void LinkDeleted(int index)
    {
        foreach (var held in _held.Values)
        {
            if (held.InterfaceIndex == index)
            {
                held.State = HeldState.Missing;
                held.InterfaceIndex = 0;
                Queue(held);
            }
        }
    }

    /// <summary>Notices were lost: everything is looked at again.</summary>
    public void CheckAll()
    {
        foreach (var held in _held.Values)
        {
            TellPresent(held);
            held.NeedsCheck |= held.State != HeldState.Missing;
            Queue(held);
        }
    }

    private void TellPresent(HeldAddress held)
    {
        if (!held.AwaitsNotice)
            return;
        held.AwaitsNotice = false;
        if (held.State == HeldState.Ours)
            Present?.Invoke(held, true);
    }

    private HeldAddress? Match(AddressRecord record)
        => _held.TryGetValue(record.Address.Host, out var held) && held.InterfaceIndex == record.InterfaceIndex
            && (held.Address == record.Address || held.Address.Host.IsIPv6) ? held : null;
}
