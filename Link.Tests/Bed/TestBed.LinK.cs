using System.Net;

namespace Link.Tests.Bed;

/// <summary>LinK's agents on the hosts.</summary>
internal sealed partial class TestBed
{
    private readonly List<LinKAgent> _linK = [];

    /// <summary>The lease of agents, ours and LinK's.</summary>
    internal TimeSpan Lease => TimeSpan.FromSeconds(Math.Ceiling(5 * _options.KeepAliveInterval.TotalSeconds));

    /// <param name="version">One of <see cref="LinKVersion"/>'s.</param>
    /// <param name="name">HOSTNAME; null: the host's.</param>
    internal async Task<LinKAgent> StartLinKAsync(AgentHost host, string version = LinKVersion.V3, string? name = null)
    {
        var agent = await LinKAgent.StartAsync(host, Etcd[0].Gateway, LinKVersion.Of(version), _options.KeepAliveInterval, name ?? host.Name);
        _linK.Add(agent);
        return agent;
    }

    /// <summary>Waits until one host has each of the addresses, and no other has.</summary>
    internal async Task WaitUntilHeldAsync(AgentHost host, params IReadOnlyList<IPAddress> addresses)
    {
        try
        {
            await Wait.UntilAsync($"{host} alone has {addresses.Count} addresses", () => addresses.All(address => HoldersOf(address) is [var only] && only == host), ElectionDeadline);
        }
        catch (TimeoutException e)
        {
            var wrong = addresses.Where(address => HoldersOf(address) is not [var only] || only != host).Take(5).Select(address => $"{address}: {string.Join(' ', HoldersOf(address))}");
            throw new TimeoutException($"{e.Message}; {string.Join(", ", wrong)}", e);
        }
    }

    /// <summary>What the kernel of the host says of the address; null: it is not there.</summary>
    internal KernelAddress? AddressOn(AgentHost host, IPAddress address) => Addresses.Find(host.Number, address);

    private async Task StopLinKAsync()
    {
        foreach (var agent in _linK)
            await agent.DisposeAsync();
        _linK.Clear();
    }
}
