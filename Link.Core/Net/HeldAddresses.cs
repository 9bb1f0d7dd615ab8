namespace Link.Core.Net;

/// <summary>
/// The host's virtual addresses as they should be, and the only one that changes them. Calls state what is wanted;
/// <see cref="Flush"/> tells the kernel, everything with a few system calls. What others do to the addresses comes in as notices.
/// </summary>
internal sealed partial class HeldAddresses(RtNetlink kernel, LinkTable links, INetworkEvents events)
{
    /// <summary>More addresses than this a host refuses to hold.</summary>
    public const int MaxCount = 20_000;

    private readonly Dictionary<HostAddress, HeldAddress> _held = [];
    private readonly Dictionary<HostAddress, HeldAddress> _leaving = [];
    private readonly Queue<HeldAddress> _urgent = [];
    private readonly Queue<HeldAddress> _renewals = [];
    private readonly SortedSet<long> _retries = [];
    private bool _marksReported;

    /// <summary>Tells who has to announce: the address came (true), or may have been forgotten by the neighbours (false).</summary>
    public Action<HeldAddress, bool>? Present { get; init; }

    /// <summary>The address is wanted but not there: no announcement until it is.</summary>
    public Action<HeldAddress>? Absent { get; init; }

    /// <summary>The address is not held any more: no announcement after this.</summary>
    public Action<HeldAddress>? Gone { get; init; }

    public int Count => _held.Count;

    /// <summary>When <see cref="Tick"/> and <see cref="Flush"/> have something to do: 0 = at once, as the last flush left work over; null = never.</summary>
    public long? NextDueMs => HasWork ? 0 : _retries.Count > 0 ? _retries.Min : null;

    private bool HasWork => _leaving.Count + _urgent.Count + _renewals.Count > 0;

    public HeldAddress? Find(HostAddress address) => _held.GetValueOrDefault(address);

    /// <summary>Wants an address from now on. One that is there already, from an earlier run, is adopted without a flicker.</summary>
    /// <param name="lifetimeSeconds">When the kernel is to remove it, counted from now; null = never.</param>
    /// <exception cref="InvalidOperationException">There are too many.</exception>
    public void Hold(VirtualAddress address, string interfaceName, int? lifetimeSeconds, long nowMs)
    {
        if (_held.TryGetValue(address.Host, out var held) && (held.Address != address || held.InterfaceName != interfaceName))
        {
            Release(address.Host);
            held = null;
        }

        if (held is null)
        {
            if (_held.Count >= MaxCount)
                throw new InvalidOperationException($"a host holds at most {MaxCount} addresses; {address} is one too many");
            if (_leaving.TryGetValue(address.Host, out var leaving) && leaving.Address == address && leaving.InterfaceName == interfaceName)
            {
                // Released and wanted again before the kernel heard of it.
                _leaving.Remove(address.Host);
                held = leaving;
                held.NeedsCheck = true;
            }

            held ??= new HeldAddress(address, interfaceName);
            _held.Add(address.Host, held);
        }

        held.NotBeforeMs = null;
        held.SetLifetime(lifetimeSeconds, nowMs);
        held.NeedsRefresh = true;
        Queue(held);
    }

    /// <summary>Gives a held address a new lifetime, counted from now.</summary>
    /// <returns>False if it is not held.</returns>
    public bool Extend(HostAddress address, int? lifetimeSeconds, long nowMs)
    {
        if (!_held.TryGetValue(address, out var held))
            return false;
        // For ever is for ever: nothing to tell the kernel.
        var isNews = lifetimeSeconds is not null || held.LifetimeSeconds is not null || held.State == HeldState.Missing;
        held.SetLifetime(lifetimeSeconds, nowMs);
        if (isNews)
        {
            held.NeedsRefresh = true;
            Queue(held);
        }

        return true;
    }

    /// <summary>Does not want the address any more: it is removed with the next flush, if it is ours.</summary>
    public void Release(HostAddress address)
    {
        if (!_held.Remove(address, out var held))
            return;
        Gone?.Invoke(held);
        if (held.State == HeldState.Ours)
        {
            // Moved twice within one turn of the loop: the older place must not be forgotten.
            if (_leaving.TryGetValue(address, out var earlier))
                Remove([earlier]);
            _leaving[address] = held;
        }
    }

    /// <summary>Queues what was put off; the flush that follows goes on with it.</summary>
    public void Tick(long nowMs)
    {
        if (_retries.RemoveWhere(at => at <= nowMs) == 0)
            return;
        foreach (var held in _held.Values)
        {
            if (held.NotBeforeMs <= nowMs)
            {
                held.NotBeforeMs = null;
                Queue(held);
            }
        }
    }

    private bool IsWanted(AddressRecord record)
        => _held.TryGetValue(record.Address.Host, out var held) && held.Address == record.Address
            && links.Find(record.InterfaceIndex)?.Name == held.InterfaceName;

    private void Queue(HeldAddress held)
    {
        // One that waits for its renewal may become urgent; the second turn then finds nothing to do.
        var isUrgent = held.State == HeldState.Missing || held.NeedsCheck;
        if (isUrgent && !held.IsUrgent)
        {
            held.IsUrgent = true;
            _urgent.Enqueue(held);
        }
        else if (!isUrgent && !held.IsQueued)
        {
            held.IsQueued = true;
            _renewals.Enqueue(held);
        }
    }
}
