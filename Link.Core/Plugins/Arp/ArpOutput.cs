using Link.Core.Net;

namespace Link.Core.Plugins.Arp;

/// <summary>What plugin arp switches on and off: one address on one interface. The kernel is told by <see cref="ArpOutputs"/>, many at once.</summary>
internal sealed class ArpOutput(ArpOutputs outputs, string endpointId, VirtualAddress address, string interfaceName) : IOutput
{
    public string EndpointId { get; } = endpointId;

    public VirtualAddress Address { get; } = address;

    public string Interface { get; } = interfaceName;

    public bool IsOnLan => true;

    /// <summary>Switched on.</summary>
    public bool IsOn { get; set; }

    /// <summary>Why the address cannot be held though the interface is well; null: it can.</summary>
    public string? AddressFault { get; set; }

    /// <summary>Why this host must not have the address: it needs it itself. Null: nothing of the kind.</summary>
    public string? Refusal { get; set; }

    /// <summary>What the host needs the address for although it may hold it, so that it is told once.</summary>
    public Need? ToldNeed { get; set; }

    /// <summary>It has been judged, and this host competed for it.</summary>
    public bool WasAccepted { get; set; }

    public string? Fault => outputs.Fault(this);

    /// <inheritdoc/>
    /// <remarks>The fencing of an address is its lifetime: a packet carries no token.</remarks>
    public void Activate(int? lifetimeSeconds, long revision) => outputs.Activate(this, lifetimeSeconds);

    public void Extend(int? lifetimeSeconds) => outputs.Extend(this, lifetimeSeconds);

    public void Deactivate() => outputs.Deactivate(this);

    public void Announce() => outputs.Announce(this);

    public void Silence() => outputs.Silence(this);

    public void AskLan() => outputs.AskLan(this);

    public void Remove() => outputs.Remove(this);
}
