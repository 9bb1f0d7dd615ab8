using Link.Core.Election;
using Link.Core.Logging;
using Link.Core.Net;
using Link.Core.Plugins.Arp;

namespace Link.Core.Agent;

/// <summary>What the outputs tell.</summary>
internal sealed partial class LinkAgent : IArpEvents
{
    void IArpEvents.OutputChanged(ArpOutput output, string? fault)
    {
        if (fault != null && _entries.TryGetValue(output.EndpointId, out EndpointEntry? entry))
            SetError(entry, fault);
        Feed(new ElectorInput.OutputChanged(output.EndpointId, fault == null, fault));
    }

    void IArpEvents.LanVerdict(ArpOutput output, LanVerdict verdict, string by) => Feed(verdict switch
    {
        LanVerdict.Silent => new ElectorInput.LanSilent(output.EndpointId),
        LanVerdict.Unknown => new ElectorInput.LanUnknown(output.EndpointId, by),
        _ => new ElectorInput.LanAnswered(output.EndpointId, by),
    });

    void IArpEvents.RivalHeard(ArpOutput output, string mac) => Feed(new ElectorInput.RivalHeard(output.EndpointId, mac));

    void IArpEvents.OutputNotice(ArpOutput? output, bool isWarning, string text)
    {
        LogLevel level = isWarning ? LogLevel.Warning : LogLevel.Info;
        if (output == null)
            _log.Write(level, text);
        else
            _log.Write(level, text, ("endpoint", output.EndpointId), ("ip", output.Address), ("interface", output.Interface));
    }

    /// <summary>Removes what an earlier process left and nobody wants. What waits for an election stays until that is decided.</summary>
    private void RemoveOrphans()
    {
        IReadOnlyList<VirtualAddress> orphans = _outputs.RemoveOrphans(output =>
            _elector.Endpoints.TryGetValue(output.EndpointId, out Endpoint? endpoint) && endpoint.State == EndpointState.Booting);
        foreach (VirtualAddress orphan in orphans)
            _log.Warning("an address that an earlier agent left behind is removed", ("ip", orphan));
    }
}
