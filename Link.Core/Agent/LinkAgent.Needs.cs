using Link.Core.Etcd;
using Link.Core.Net;
using Link.Core.Net.Linux;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>The addresses that this host needs itself, and what it tells others of its own.</summary>
internal sealed partial class LinkAgent
{
    private const long PeersFreshMs = 1_000;

    private long _peersAskedAtMs = long.MinValue / 2;

    /// <summary>
    /// A wish is judged by what holds now, give or take a second, so that a thousand wishes cost no thousand readings. Without etcd a wish cannot be carried
    /// out anyway, which is told then.
    /// </summary>
    private async Task LearnNeedsAsync(CancellationToken cancel)
    {
        Task local = _needed.RefreshAsync();
        try
        {
            long now = BootClock.NowMs;
            if (now - Interlocked.Read(ref _peersAskedAtMs) >= PeersFreshMs)
            {
                Interlocked.Exchange(ref _peersAskedAtMs, now);
                await _etcd.ReadPeersAsync(cancel).ConfigureAwait(false);
            }
        }
        catch (EtcdException)
        {
            // As above.
        }

        await local.WaitAsync(cancel).ConfigureAwait(false);
    }

    // ---- on the loop -----------------------------------------------------------------------------

    private void OnNeeded(NeededAddresses needed)
    {
        _outputs.SetNeeded(needed);
        TellOwnAddresses();
    }

    /// <param name="all">These are all that there are.</param>
    private void OnPeers(IReadOnlyList<(string Host, AgentRecord? Agent)> agents, bool all)
    {
        var peers = new List<(string Host, IReadOnlyList<HostAddress> Addresses)>(agents.Count);
        foreach ((string host, AgentRecord? agent) in agents)
        {
            if (host != _options.Hostname)
                peers.Add((host, ReadAddresses(agent)));
        }

        if (all)
        {
            _needed.SetPeers(peers);
            return;
        }

        foreach ((string host, IReadOnlyList<HostAddress> addresses) in peers)
            _needed.SetPeer(host, addresses);
    }

    private static List<HostAddress> ReadAddresses(AgentRecord? agent)
    {
        var addresses = new List<HostAddress>();
        foreach (string text in agent?.Addresses ?? [])
        {
            if (HostAddress.TryParse(text, out HostAddress address))
                addresses.Add(address);
        }

        return addresses;
    }

    /// <summary>Other hosts read it from the agent key.</summary>
    private void TellOwnAddresses()
    {
        string[] own = [.. _outputs.OwnAddresses().Select(static address => address.ToString()).Order(StringComparer.Ordinal).Take(AgentRecord.MaxAddresses)];
        if (own.SequenceEqual(_etcd.OwnAddresses))
            return;
        _etcd.OwnAddresses = own;
        if (_elector.IsServing)
            _etcd.WriteAgent(_elector.LeaseId);
    }
}
