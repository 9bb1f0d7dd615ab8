using Link.Core.Net;
using Link.Core.Net.Linux;

namespace Link.Core.Plugins.Arp;

/// <summary>
/// The outputs of all arp endpoints on this host: translates between endpoints and the host's network. On the loop only.
/// An output that cannot work is reported as a fault, so that another host takes over; the fault ends when the kernel says so, or is tried again after a while.
/// </summary>
internal sealed class ArpOutputs : INetworkEvents, IDisposable
{
    /// <summary>A fault of an address (not of its interface) heals by itself at the earliest after this time.</summary>
    private const long RetryMs = 10_000;

    private readonly IArpEvents _events;
    private readonly HostNetwork _network;
    private readonly Dictionary<HostAddress, ArpOutput> _byAddress = [];
    private readonly Dictionary<string, List<ArpOutput>> _byInterface = [];
    private readonly PriorityQueue<ArpOutput, long> _retries = new();

    /// <summary>Marked addresses that were there at start and whose endpoint waits for etcd's word.</summary>
    private readonly HashSet<VirtualAddress> _undecided = [];
    private NeededAddresses _needed = NeededAddresses.None;
    private bool _orphansLeft;
    private bool _pending;

    /// <exception cref="KernelException">No CAP_NET_ADMIN or CAP_NET_RAW; the text says so.</exception>
    public ArpOutputs(AnnounceOptions options, IArpEvents events, Random random)
    {
        _events = events;
        _network = new HostNetwork(options, this, random);
    }

    /// <summary>File descriptors to poll; <see cref="Dispatch"/> reads them.</summary>
    public IReadOnlyList<int> Descriptors => _network.Descriptors;

    public long? NextDueMs
    {
        get
        {
            long? due = _network.NextDueMs;
            return _retries.TryPeek(out _, out long retry) && !(due < retry) ? retry : due;
        }
    }

    /// <summary>Why this host must not take on an address, for whoever wants it to; null: it may.</summary>
    public string? FindRefusal(HostAddress address) =>
        _needed.Find(address) is { } need && (need.Kind == NeedKind.Own || !_needed.IsHere(address)) ? Refuse(address, need) : null;

    /// <summary>What the host needs has changed.</summary>
    public void SetNeeded(NeededAddresses needed)
    {
        _needed = needed;
        foreach (ArpOutput output in _byAddress.Values.ToArray())
            Judge(output);
    }

    /// <summary>The host's own addresses, to be told to other hosts: not those which endpoints move from host to host.</summary>
    public IReadOnlyList<HostAddress> OwnAddresses() =>
        [.. _needed.Own.Where(own => !own.IsLinkLocal && !(_byAddress.TryGetValue(own, out ArpOutput? output) && output.Refusal == null))];

    public void Add(ArpOutput output)
    {
        Judge(output);
        _byAddress.Add(output.Address.Host, output);
        if (!_byInterface.TryGetValue(output.Interface, out List<ArpOutput>? list))
            _byInterface[output.Interface] = list = [];
        list.Add(output);
    }

    public void Remove(ArpOutput output)
    {
        Deactivate(output);
        _network.CancelQuestion(output.Address.Host);
        _network.Unwatch(output.Address.Host);
        _byAddress.Remove(output.Address.Host);
        if (_byInterface.TryGetValue(output.Interface, out List<ArpOutput>? list) && list.Remove(output) && list.Count == 0)
            _byInterface.Remove(output.Interface);
    }

    public ArpOutput? Find(HostAddress address) => _byAddress.GetValueOrDefault(address);

    /// <summary>Why the output cannot work; null: it can.</summary>
    public string? Fault(ArpOutput output) => output.Refusal ?? _network.Fault(output.Interface) ?? output.AddressFault;

    public void Activate(ArpOutput output, int? lifetimeSeconds)
    {
        output.IsOn = true;
        _network.Hold(output.Address, output.Interface, lifetimeSeconds, BootClock.NowMs);
        _pending = true;
    }

    public void Extend(ArpOutput output, int? lifetimeSeconds)
    {
        if (!output.IsOn)
            return;
        long now = BootClock.NowMs;
        // Expired meanwhile (a paused machine): it is put back.
        if (!_network.Extend(output.Address.Host, lifetimeSeconds, now))
            _network.Hold(output.Address, output.Interface, lifetimeSeconds, now);
        _pending = true;
    }

    public void Deactivate(ArpOutput output)
    {
        output.IsOn = false;
        _network.Release(output.Address.Host);
        // What an earlier process left goes too: it carries our mark.
        _orphansLeft |= _undecided.Remove(output.Address);
        _pending = true;
    }

    public void Announce(ArpOutput output)
    {
        if (output.IsOn)
            _network.AnnounceAgain(output.Address.Host, BootClock.NowMs);
    }

    public void Silence(ArpOutput output) => _network.Silence(output.Address.Host);

    public void AskLan(ArpOutput output)
    {
        _network.Ask(output.Address.Host, output.Interface, BootClock.NowMs, answer =>
            _events.LanVerdict(output, answer.Verdict, answer.Mac?.ToString() ?? answer.Reason ?? ""));
        _pending = true;
    }

    public void Dispatch(int descriptor, long nowMs) => _network.Dispatch(descriptor, nowMs);

    /// <summary>Does what is due, and carries out what was asked for since the last turn.</summary>
    public void Tick(long nowMs)
    {
        while (_retries.TryPeek(out ArpOutput? output, out long due) && due <= nowMs)
        {
            _retries.Dequeue();
            if (output.AddressFault == null || _byAddress.GetValueOrDefault(output.Address.Host) != output)
                continue;
            output.AddressFault = null;
            _events.OutputChanged(output, Fault(output));
        }

        if (_network.NextDueMs <= nowMs)
            _network.Tick(nowMs);
        // What a flush left for want of time is due at once.
        if (!_pending && !(_network.NextDueMs <= nowMs))
            return;
        _pending = false;
        _network.Flush(nowMs);
        if (!_orphansLeft)
            return;
        _orphansLeft = false;
        _network.RemoveLeftovers(_undecided);
    }

    /// <summary>
    /// Makes addresses ours that LinK left here: those of its endpoints, which it adds without a mark and for ever, and would remove itself. They get
    /// our mark and a lifetime without a flicker; the election decides what becomes of them.
    /// </summary>
    /// <returns>What was adopted.</returns>
    public IReadOnlyList<VirtualAddress> AdoptUnmarked(int lifetimeSeconds)
    {
        var wanted = new List<(VirtualAddress, string)>();
        foreach (ArpOutput output in _byAddress.Values)
        {
            // The host's own address is not LinK's, whatever a record says.
            if (output.Refusal == null)
                wanted.Add((output.Address, output.Interface));
        }

        return _network.AdoptUnmarked(wanted, lifetimeSeconds);
    }

    /// <summary>The addresses that are held stay for ever, for a program that knows nothing of lifetimes. Call <see cref="Tick"/> after it.</summary>
    public void KeepForEver()
    {
        foreach (ArpOutput output in _byAddress.Values)
            Extend(output, null);
    }

    /// <summary>Removes what an earlier process left: addresses that carry our mark, except those of endpoints whose election is not decided yet.</summary>
    /// <returns>What was found.</returns>
    public IReadOnlyList<VirtualAddress> RemoveOrphans(Func<ArpOutput, bool> isUndecided)
    {
        _network.Flush(BootClock.NowMs);
        var orphans = new List<VirtualAddress>();
        foreach ((VirtualAddress address, string name) in _network.Leftovers())
        {
            if (_byAddress.TryGetValue(address.Host, out ArpOutput? output) && output.Address == address && output.Interface == name && isUndecided(output))
                _undecided.Add(address);
            else
                orphans.Add(address);
        }

        if (orphans.Count > 0)
            _network.RemoveLeftovers(_undecided);
        return orphans;
    }

    public void Dispose() => _network.Dispose();

    void INetworkEvents.LinkChanged(NetworkLink link, LinkChange change)
    {
        if (_byInterface.TryGetValue(link.Name, out List<ArpOutput>? list))
        {
            foreach (ArpOutput output in list.ToArray())
                _events.OutputChanged(output, Fault(output));
        }

        if ((change & LinkChange.Renamed) == 0)
            return;
        // The old name is gone, whichever it was.
        foreach ((string name, List<ArpOutput> outputs) in _byInterface.ToArray())
        {
            if (name == link.Name || _network.Fault(name) == null)
                continue;
            foreach (ArpOutput output in outputs.ToArray())
                _events.OutputChanged(output, Fault(output));
        }
    }

    void INetworkEvents.AddressHeld(VirtualAddress address, bool isOurs)
    {
        if (!isOurs)
            _events.OutputNotice(Find(address.Host), isWarning: true, "the address is on the interface already, put there by somebody else; it stays there when this host loses the endpoint");
    }

    void INetworkEvents.AddressFailed(VirtualAddress address, KernelError error) => Fail(address, error.ToString());

    void INetworkEvents.AddressRestored(VirtualAddress address) =>
        _events.OutputNotice(Find(address.Host), isWarning: true, "another program removed the address; it is back");

    void INetworkEvents.AddressLost(VirtualAddress address, AddressLoss loss)
    {
        if (loss == AddressLoss.RemovedAgainAndAgain)
            Fail(address, "another program removes the address again and again");
        else
            _events.OutputNotice(Find(address.Host), isWarning: true, "the address's lifetime ended: this agent did not run");
    }

    void INetworkEvents.RivalHeard(HostAddress address, MacAddress mac)
    {
        if (_byAddress.TryGetValue(address, out ArpOutput? output) && output.IsOn)
            _events.RivalHeard(output, mac.ToString());
    }

    void INetworkEvents.ProbeHeard(HostAddress address, MacAddress mac)
    {
        // Whoever has the address answers for it in the kernel; a question under way hears of it by itself.
    }

    void INetworkEvents.Notice(string text) => _events.OutputNotice(null, isWarning: true, text);

    /// <summary>
    /// Refused is what would cut this host off. An address that it has on its interface already, as a virtual one, cuts nothing off that works, and goes
    /// only when another host takes it: a warning. So it is for an endpoint that was taken on before somebody named its address as a name server, or
    /// another host's agent (or who writes as such) as its own: that nobody has it would be worse.
    /// </summary>
    private void Judge(ArpOutput output)
    {
        HostAddress address = output.Address.Host;
        bool wasJudged = _byAddress.GetValueOrDefault(address) == output;
        string? before = output.Refusal;
        Need? need = _needed.Find(address);
        bool isHeld = output.IsOn || (need?.Kind != NeedKind.Own && _needed.IsHere(address));
        bool isTolerated = isHeld || (output.WasAccepted && need?.Kind is NeedKind.NameServer or NeedKind.PeersOwn);
        output.Refusal = need is { } reason && !isTolerated ? Refuse(address, reason) : null;
        output.WasAccepted = output.Refusal == null;
        if (wasJudged && output.Refusal != before)
            _events.OutputChanged(output, Fault(output));
        if (output.Refusal == null && need is { } told && told != output.ToldNeed)
            _events.OutputNotice(output, isWarning: true, $"the address is {told.Text}; it stays an endpoint of this host, as it was one before this was known");
        output.ToldNeed = need;
    }

    private static string Refuse(HostAddress address, Need need) =>
        $"{address} is {need.Text}: this host {Harm(need.Kind)}; if it shall hold the address all the same, name it in PROTECTED_ADDRESSES_EXCEPT of this host's agent";

    private static string Harm(NeedKind kind) => kind switch
    {
        NeedKind.Own => "would lose it with the endpoint",
        NeedKind.EtcdMember => "would cut itself, and others, off from etcd",
        NeedKind.Gateway => "would cut itself, and others, off from what is behind it",
        NeedKind.NameServer => "could resolve no names",
        NeedKind.Broadcast => "would take for its own what is sent to all",
        _ => "would take it away from there",
    };

    private void Fail(VirtualAddress address, string fault)
    {
        if (!_byAddress.TryGetValue(address.Host, out ArpOutput? output) || !output.IsOn)
            return;
        output.AddressFault = fault;
        _retries.Enqueue(output, BootClock.NowMs + RetryMs);
        _events.OutputChanged(output, Fault(output));
    }
}
