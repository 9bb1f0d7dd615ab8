using System.Net;

namespace Link.Tests.Bed;

/// <summary>What tests do with agents.</summary>
internal sealed partial class TestBed
{
    private static readonly TimeSpan ElectionDeadline = TimeSpan.FromSeconds(60);

    /// <summary>Back to the start: no agents, no faults, no addresses but the hosts' own, etcd up and empty.</summary>
    internal async Task ResetAsync()
    {
        await StopLinKAsync();
        foreach (var host in Hosts)
        {
            host.KillAgent();
            File.Delete(host.Log);
            await HealAsync(host);
            if ((await Tool.TryAsync("ip", ["-n", host.Namespace.Name, "link", "show", AgentHost.Interface])).Code != 0)
            {
                // Deleted, or renamed: the far end of the cable knows which.
                await Tool.TryAsync("ip", ["-n", Bridge.Name, "link", "del", Port(host.Name)]);
                await AttachAsync(host);
            }
            await Tool.RunAsync("ip", $"-n {host.Namespace.Name} addr flush dev {AgentHost.Interface} scope global");
            await SetLinkAsync(host, up: true);
            await Tool.RunAsync("ip", $"-n {host.Namespace.Name} addr replace {host.Address}/24 brd + dev {AgentHost.Interface}");
        }
        foreach (var member in Etcd)
        {
            member.Signal(LibC.SIGCONT);
            await HealAsync(member);
        }
        if (Etcd.Count == 0)
        {
            // A bed for hosts alone.
        }
        else if (Etcd.Any(member => member.Process is not { Runs: true }))
        {
            foreach (var member in Etcd)
                member.Kill();
            await StartEtcdAsync();
        }
        else
        {
            await Task.WhenAll(Etcd.Select(member => member.WaitUntilHealthyAsync()));
            await Etcd[0].Gateway.WipeAsync();
        }
        await Tool.RunAsync("ip", $"-n {Client.Name} neigh flush dev {AgentHost.Interface}");
    }

    /// <summary>Starts agents on the hosts (all, if none are named) after a <see cref="ResetAsync"/>, and waits until etcd has answered them.</summary>
    internal async Task StartAgentsAsync(IReadOnlyDictionary<string, string>? extra = null, params AgentHost[] hosts)
    {
        await ResetAsync();
        await Task.WhenAll((hosts.Length == 0 ? Hosts : hosts).Select(async host =>
        {
            await host.StartAgentAsync(extra);
            await Wait.UntilAsync($"health of the agent on {host}", async () => (await host.Api.GetAsync("/health")).Status == 200, ElectionDeadline);
        }));
    }

    /// <summary>Fresh agents, one endpoint for the address on each host, and the wait until they agree on a holder.</summary>
    internal async Task<ElectedVip> ElectAsync(IPAddress? address = null, EndpointWish? wish = null, IReadOnlyDictionary<string, string>? extra = null, params AgentHost[] hosts)
    {
        await StartAgentsAsync(extra, hosts);
        return await CompeteAsync(address ?? Vip, wish, hosts.Length == 0 ? Hosts : hosts);
    }

    /// <summary>One endpoint for the address on each host, whose agents run already.</summary>
    internal async Task<ElectedVip> CompeteAsync(IPAddress address, EndpointWish? wish, IEnumerable<AgentHost> hosts)
    {
        var ids = new Dictionary<AgentHost, string>();
        foreach (var host in hosts)
            ids[host] = await host.Api.AddAsync(address, wish);
        var election = await WaitForHolderAsync(new ElectedVip(address, ids.Keys.First(), ids));
        // The holder hears of the others by its watch, a moment after they were answered.
        await Wait.UntilAsync("the holder to know its competitors", async () => (await election.Holder.Api.CompetitorsAsync(election.HolderId)).Count == ids.Count, ElectionDeadline);
        return election;
    }

    /// <summary>Waits until exactly one host is ACTIVATED and has the address, and every other one whose agent runs is STANDBY or FAILING.</summary>
    internal async Task<ElectedVip> WaitForHolderAsync(ElectedVip election, TimeSpan? deadline = null)
    {
        AgentHost? holder = null;
        IReadOnlyList<string> states = [];
        try
        {
            await Wait.UntilAsync("one holder", async () =>
            {
                var hosts = election.Ids.Where(pair => pair.Key.Agent is { Runs: true }).ToList();
                states = await Task.WhenAll(hosts.Select(pair => pair.Key.Api.StateAsync(pair.Value)));
                holder = hosts.Zip(states).Where(pair => pair.Second == "ACTIVATED").Select(pair => pair.First.Key).FirstOrDefault();
                return states.Count(state => state == "ACTIVATED") == 1 && states.All(state => state is "ACTIVATED" or "STANDBY" or "FAILING")
                    && HoldersOf(election.Address) is [var only] && only == holder;
            }, deadline ?? ElectionDeadline);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"{e.Message}; states {string.Join(' ', states)}; holders {string.Join(' ', HoldersOf(election.Address))}", e);
        }
        return election with { Holder = holder! };
    }

    /// <summary>A prober that hears the holder.</summary>
    internal async Task<Prober> ProbeAsync(ElectedVip election)
    {
        var prober = Probe(election.Address);
        await Wait.UntilAsync($"first answer of {election.Holder}", () => prober.Current?.From == election.Holder.Mac, ElectionDeadline);
        return prober;
    }
}
