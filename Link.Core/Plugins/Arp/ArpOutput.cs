using Link.Core.Net;

namespace Link.Core.Plugins.Arp;

/// <summary>What plugin arp switches on and off: one address on one interface.</summary>
internal sealed class ArpOutput(string endpointId, VirtualAddress address, string interfaceName)
{
    public string EndpointId { get; } = endpointId;

    public VirtualAddress Address { get; } = address;

    public string Interface { get; } = interfaceName;

    /// <summary>Switched on.</summary>
    public bool IsOn { get; set; }

    /// <summary>The neighbours are being asked for it.</summary>
    public bool IsAsking { get; set; }

    /// <summary>Why the address cannot be held though the interface is well; null: it can.</summary>
    public string? AddressFault { get; set; }
}
