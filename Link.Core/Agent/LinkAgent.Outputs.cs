using Link.Core.Election;
using Link.Core.Etcd;
using Link.Core.Logging;
using Link.Core.Net;
using Link.Core.Plugins;
using Link.Core.Plugins.Arp;

namespace Link.Core.Agent;

/// <summary>What the outputs tell.</summary>
internal sealed partial class LinkAgent : IArpEvents, IRemoteOutputEvents
{
    void IArpEvents.OutputChanged(ArpOutput output, string? fault) => OnOutputChanged(output, fault);

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

    void IRemoteOutputEvents.Post(Action work) => _loop.Post(work);

    void IRemoteOutputEvents.OutputChanged(IOutput output, string? fault) => OnOutputChanged(output, fault);

    bool IRemoteOutputEvents.OthersCompete(string endpointId) => _elector.Endpoints.TryGetValue(endpointId, out Endpoint? endpoint) && endpoint.Others.Length > 0;

    void IRemoteOutputEvents.CallEnded(RemoteOutput output, string? error, string? answer, int failures, TimeSpan? retryIn)
    {
        _entries.TryGetValue(output.EndpointId, out EndpointEntry? entry);
        if (error == null)
        {
            if (entry is { CallFailed: true })
                _log.Info("the output works again", ("endpoint", output.EndpointId), ("key", entry.Key), ("plugin", output.Plugin));
            if (entry != null)
                entry.CallFailed = false;
            return;
        }

        entry?.Failed(error, answer);
        if (entry != null)
            entry.CallFailed = true;
        // One line for each doubling, so that an output that fails for days does not fill the log.
        _log.Write(
            (failures & (failures - 1)) == 0 ? LogLevel.Warning : LogLevel.Debug,
            "an output failed", ("endpoint", output.EndpointId), ("key", entry?.Key), ("plugin", output.Plugin), ("failures", failures),
            ("retry_in", retryIn is { } pause ? GoDuration.Format(TimeSpan.FromSeconds(Math.Ceiling(pause.TotalSeconds))) : "never"), ("reason", error), ("answer", answer));
    }

    async Task<long?> IRemoteOutputEvents.FindLockAsync(string endpointId, CancellationToken cancel)
    {
        (string? key, long lease) = await _loop.InvokeAsync(() =>
            _elector.Endpoints.TryGetValue(endpointId, out Endpoint? endpoint) && endpoint.State == EndpointState.Activated ? (endpoint.Spec.Key, _elector.LeaseOf(endpoint)) : (null, 0L)).WaitAsync(cancel).ConfigureAwait(false);
        if (key == null)
            return null;
        try
        {
            long? revision = lease == 0 ? null : await _etcd.FindLockAsync(key, lease, cancel).ConfigureAwait(false);
            if (revision != null)
                return revision;
        }
        catch (EtcdException)
        {
            // Without etcd's word the endpoint's policy has decided, and keeps deciding: activated is what it made of it.
            return await _loop.InvokeAsync<long?>(() => _elector.Endpoints.GetValueOrDefault(endpointId)?.State == EndpointState.Activated ? 0 : null).WaitAsync(cancel).ConfigureAwait(false);
        }

        // etcd knows more than the election has heard.
        _loop.Post(() => Feed(new ElectorInput.TryLock(0, endpointId)));
        return null;
    }

    private void OnOutputChanged(IOutput output, string? fault)
    {
        // What a call failed with is known already, with what was answered.
        if (fault != null && _entries.GetValueOrDefault(output.EndpointId) is { } entry && entry.LastError != fault)
            entry.Failed(fault);
        Feed(new ElectorInput.OutputChanged(output.EndpointId, fault == null, fault));
    }

    /// <summary>What LinK left on the interfaces is ours from now on, to hold or to remove.</summary>
    private void AdoptFromLinK()
    {
        foreach (VirtualAddress address in _outputs.AdoptUnmarked(_options.LeaseTtlSeconds + 1))
            _log.Info("an address that LinK put on the interface is adopted", ("ip", address));
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
