using Link.Core.Net.Linux;

namespace Link.Core.Net;

internal sealed partial class HeldAddresses
{
    // Linux walks all IPv6 addresses of the host for each that is added or renewed (3 ms each with 10,000), so that a
    // flush has to leave the loop its turn: heartbeats and leases cannot wait for it.
    private const int BudgetMs = 20;
    private const int MinSlice = 8;
    private const int MaxSlice = 512;

    private int _slice = 64;

    /// <summary>
    /// Tells the kernel what is wanted. The loop calls it once at the end of each turn; with nothing to do it costs nothing. It ends
    /// after about 20 ms; what is left over has <see cref="NextDueMs"/> say "at once". Removals, additions and renewals take turns.
    /// </summary>
    public void Flush(long nowMs)
    {
        var start = BootClock.NowMs;
        for (var elapsed = 0L; HasWork && elapsed < BudgetMs;)
        {
            if (_leaving.Count > 0)
                Remove(TakeLeaving());
            Apply(_urgent, nowMs);
            Apply(_renewals, nowMs);
            var now = BootClock.NowMs;
            var took = now - start - elapsed;
            elapsed = now - start;
            _slice = took > BudgetMs / 2 ? Math.Max(_slice / 2, MinSlice) : took < BudgetMs / 4 ? Math.Min(_slice * 2, MaxSlice) : _slice;
        }
    }

    private List<HeldAddress> TakeLeaving()
    {
        List<HeldAddress> leaving = [.. _leaving.Values.Take(_slice)];
        foreach (var held in leaving)
            _leaving.Remove(held.Address.Host);
        return leaving;
    }

    private void Apply(Queue<HeldAddress> queue, long nowMs)
    {
        List<HeldAddress> unsure = [];
        List<(HeldAddress Held, AddressRequest Request)> wanted = [];
        for (var i = 0; i < _slice && queue.TryDequeue(out var held); i++)
        {
            if (queue == _urgent)
                held.IsUrgent = false;
            else
                held.IsQueued = false;
            if (_held.GetValueOrDefault(held.Address.Host) == held)
                Plan(held, wanted, unsure, nowMs);
        }

        Carry(wanted, unsure, nowMs);
        if (unsure.Count > 0)
            LookAndDecide(unsure, nowMs);
    }

    private static AddressKey KeyOf(int interfaceIndex, VirtualAddress address)
        // Linux knows an IPv4 address once for each prefix length, an IPv6 address only once.
        => new(interfaceIndex, address.Host, address.Host.IsIPv6 ? (byte)0 : address.PrefixLength);

    private void Plan(HeldAddress held, List<(HeldAddress, AddressRequest)> wanted, List<HeldAddress> unsure, long nowMs)
    {
        var link = links.Find(held.InterfaceName);
        if (held.State != HeldState.Missing && held.InterfaceIndex != link?.Index)
        {
            // The interface lost its name, or it is gone and took the address with it.
            if (held.State == HeldState.Ours && links.Find(held.InterfaceIndex) is not null)
                Remove([held]);
            held.State = HeldState.Missing;
        }

        if (link is null || held.NotBeforeMs > nowMs)
            return;
        var remaining = held.RemainingSeconds(nowMs);
        if (remaining == 0)
        {
            unsure.Add(held);
            return;
        }

        held.InterfaceIndex = link.Index;
        if (held.State == HeldState.Missing || held.NeedsCheck)
            wanted.Add((held, new AddressRequest(AddressRequestKind.Add, link, held.Address, remaining)));
        else if (held.State == HeldState.Ours && held.NeedsRefresh)
            wanted.Add((held, new AddressRequest(AddressRequestKind.Refresh, link, held.Address, remaining)));
    }

    /// <param name="unsure">Takes those that are there already: whose they are has to be seen.</param>
    private void Carry(List<(HeldAddress Held, AddressRequest Request)> wanted, List<HeldAddress>? unsure, long nowMs)
    {
        if (wanted.Count == 0)
            return;
        var errors = new KernelError?[wanted.Count];
        kernel.Change(wanted.ConvertAll(static w => w.Request).ToArray(), errors);
        for (var i = 0; i < wanted.Count; i++)
        {
            var (held, request) = wanted[i];
            if (errors[i] is null)
                Succeed(held, request.Kind, nowMs);
            else if (errors[i]!.Number == Errno.EEXIST && unsure is not null)
                unsure.Add(held);
            else
                Fail(held, request.Kind, errors[i]!);
        }
    }

    private void Succeed(HeldAddress held, AddressRequestKind kind, long nowMs)
    {
        held.NeedsRefresh = false;
        var wasThere = held.State != HeldState.Missing;
        var wasRemoved = held.NeedsCheck && wasThere && kind == AddressRequestKind.Add;
        held.NeedsCheck = false;
        held.State = HeldState.Ours;
        if (wasRemoved)
        {
            Present?.Invoke(held, false);
            events.AddressRestored(held.Address);
            // This restore is the last for a while: the next removal finds NotBefore set.
            if (!held.MayRestore(nowMs))
                _retries.Add(held.NotBeforeMs!.Value);
        }
        else if (!wasThere)
        {
            // The kernel acknowledges an IPv6 address before it answers for it (addrconf_dad_work): its notice tells when.
            held.AwaitsNotice = held.Address.Host.IsIPv6 && kind == AddressRequestKind.Add;
            if (!held.AwaitsNotice)
                Present?.Invoke(held, true);
            events.AddressHeld(held.Address, isOurs: true);
        }
    }

    private void Fail(HeldAddress held, AddressRequestKind kind, KernelError error)
    {
        held.NeedsRefresh = false;
        // A refused renewal leaves the address where it is; without an acknowledgement nobody knows.
        held.NeedsCheck = kind == AddressRequestKind.Refresh || error.Number == Errno.ENOBUFS;
        if (held.NeedsCheck)
        {
            held.State = HeldState.Ours;
        }
        else
        {
            held.State = HeldState.Missing;
            Absent?.Invoke(held);
        }

        events.AddressFailed(held.Address, error);
    }

    /// <summary>Reads the kernel's list, which says which of these are there and whose they are.</summary>
    private void LookAndDecide(List<HeldAddress> unsure, long nowMs)
    {
        var first = unsure[0].InterfaceIndex;
        Dictionary<AddressKey, AddressRecord> there = [];
        foreach (var record in kernel.DumpAddresses(unsure.TrueForAll(h => h.InterfaceIndex == first) ? first : 0))
            there[KeyOf(record.InterfaceIndex, record.Address)] = record;

        List<(HeldAddress, AddressRequest)> wanted = [];
        foreach (var held in unsure)
        {
            var record = there.GetValueOrDefault(KeyOf(held.InterfaceIndex, held.Address));
            var remaining = held.RemainingSeconds(nowMs);
            if (remaining == 0)
            {
                // What is still there ends by itself, and a notice tells.
                if (record is not { IsMarked: true } && held.State != HeldState.Foreign)
                    Expire(held);
                continue;
            }

            if (links.Find(held.InterfaceIndex) is not { } link)
                continue;
            if (record is null)
                wanted.Add((held, new AddressRequest(AddressRequestKind.Add, link, held.Address, remaining)));
            else if (!record.IsMarked)
                Borrow(held);
            else if (record.Address == held.Address)
                wanted.Add((held, new AddressRequest(AddressRequestKind.Refresh, link, held.Address, remaining)));
            else
            {
                // Ours, with the prefix length of an earlier configuration.
                _ = kernel.Change(new AddressRequest(AddressRequestKind.Remove, link, record.Address));
                wanted.Add((held, new AddressRequest(AddressRequestKind.Add, link, held.Address, remaining)));
            }
        }

        Carry(wanted, unsure: null, nowMs);
    }

    private void Borrow(HeldAddress held)
    {
        held.NeedsRefresh = false;
        held.NeedsCheck = false;
        if (held.State == HeldState.Foreign)
            return;
        held.State = HeldState.Foreign;
        Present?.Invoke(held, true);
        events.AddressHeld(held.Address, isOurs: false);
    }

    private void Expire(HeldAddress held)
    {
        _held.Remove(held.Address.Host);
        Gone?.Invoke(held);
        held.State = HeldState.Missing;
        events.AddressLost(held.Address, AddressLoss.Expired);
    }

    private void Remove(List<HeldAddress> leaving)
    {
        List<AddressRequest> requests = [];
        List<SubnetGuard> guards = [];
        foreach (var held in leaving)
        {
            held.State = HeldState.Missing;
            if (links.Find(held.InterfaceIndex) is not { } link)
                continue;
            if (!held.Address.Host.IsIPv6 && !held.Address.IsSingle)
                guards.Add(new SubnetGuard(kernel, link, held.Address));
            requests.Add(new AddressRequest(AddressRequestKind.Remove, link, held.Address));
        }

        var errors = new KernelError?[requests.Count];
        kernel.Change([.. requests], errors);
        foreach (var guard in guards)
            guard.Restore();
        for (var i = 0; i < errors.Length; i++)
        {
            // Not there (any more): what we wanted.
            if (errors[i] is { Number: not (Errno.EADDRNOTAVAIL or Errno.ENODEV) } error)
                events.AddressFailed(requests[i].Address, error);
        }
    }

    private readonly record struct AddressKey(int InterfaceIndex, HostAddress Host, byte PrefixLength);
}
