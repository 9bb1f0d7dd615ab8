using System.Net;

namespace Link.Tests.Bed;

/// <summary>Our agent takes LinK's place on a host that holds many addresses, and LinK ours.</summary>
internal sealed partial class Scenarios
{
    private const string Locks = "/link/default/";

    /// <summary>
    /// LinK on the first host holds everything; ours on the second and LinK on the third compete for it. LinK is stopped on the first host and ours
    /// started. Watched for longer than the lease.
    /// </summary>
    internal async Task<ChangeoverMeasurement> ReplaceLinKAsync(int addresses)
    {
        await Bed.ResetAsync();
        var vips = Vips(addresses);
        var linK = await Bed.StartLinKAsync(Bed.Host(1));
        await AddAllAsync(linK, vips);
        await Bed.WaitUntilHeldAsync(Bed.Host(1), vips);
        await JoinAsync(Bed.Host(2), vips);
        await AddAllAsync(await Bed.StartLinKAsync(Bed.Host(3)), vips);
        return await ChangeOverAsync(vips, async () =>
        {
            await linK.StopAsync();
            await Bed.Host(1).StartAgentAsync();
            await AllActivatedAsync(Bed.Host(1), addresses);
        });
    }

    /// <summary>The way back: ours on the first host holds everything, is told to leave it to LinK, and LinK is started with what etcd has of that host.</summary>
    internal async Task<ChangeoverMeasurement> GoBackToLinKAsync(int addresses)
    {
        await Bed.ResetAsync();
        var vips = Vips(addresses);
        await Bed.Host(1).StartAgentAsync(new Dictionary<string, string> { ["ON_STOP"] = "leave" });
        foreach (var vip in vips)
            await Bed.Host(1).Api.AddAsync(vip);
        await Bed.WaitUntilHeldAsync(Bed.Host(1), vips);
        await JoinAsync(Bed.Host(2), vips);
        await AddAllAsync(await Bed.StartLinKAsync(Bed.Host(3)), vips);
        // From the next renewal on the addresses have a lifetime, as others compete for them.
        await Wait.UntilAsync("lifetimes", () => vips.All(vip => Bed.AddressOn(Bed.Host(1), vip) is { ValidSeconds: not null }), patience);
        return await ChangeOverAsync(vips, async () =>
        {
            await Bed.Host(1).StopAgentAsync();
            var linK = await Bed.StartLinKAsync(Bed.Host(1));
            await Wait.UntilAsync("LinK holds everything", async () => await linK.CountActivatedAsync() == addresses, patience);
        });
    }

    private async Task<ChangeoverMeasurement> ChangeOverAsync(IReadOnlyList<IPAddress> vips, Func<Task> change)
    {
        await using var first = Bed.Probe(vips[0]);
        await using var last = Bed.Probe(vips[^1]);
        foreach (var prober in new[] { first, last })
            await Wait.UntilAsync($"answer of {prober.Target}", () => prober.Current?.From == Bed.Host(1).Mac, patience);
        var before = (await Bed.Etcd[0].Gateway.FindAllAsync(Locks)).ToHashSet();
        using var watch = new CancellationTokenSource();
        var events = await Bed.Etcd[0].Gateway.WatchAllAsync(Locks, watch.Token);

        var at = BedClock.Now;
        await change();
        var back = BedClock.MillisecondsSince(at);
        await first.MoreRequestsAsync((int)Bed.Lease.TotalMilliseconds + 3000);

        var lost = 0;
        foreach (var prober in new[] { first, last })
        {
            var record = await prober.FinishAsync();
            lost += record.LostBetween(at, record.SentAt[^1]).Count;
        }
        var until = BedClock.Now;
        var holders = vips.Select(vip => Link.Tests.Bed.Holders.Of(Bed, vip, at, until, Bed.Host(1), dead: false)).ToList();
        var after = await Bed.Etcd[0].Gateway.FindAllAsync(Locks);
        await watch.CancelAsync();
        return new ChangeoverMeasurement
        {
            Moves = holders.Sum(entry => entry.Moves),
            LockChanges = events.Count,
            OtherLocks = before.Except(after).Count(),
            Nobody = BedClock.Milliseconds(holders.Sum(entry => entry.None)),
            TwoHolders = BedClock.Milliseconds(holders.Sum(entry => entry.TwoOrMore)),
            Lost = lost,
            Back = back,
            Addresses = [.. vips.Select(vip => Bed.AddressOn(Bed.Host(1), vip))],
        };
    }

    /// <summary>Our agent competes for addresses that another host holds.</summary>
    private async Task JoinAsync(AgentHost host, IReadOnlyList<IPAddress> vips)
    {
        await host.StartAgentAsync();
        await Wait.UntilAsync($"health of the agent on {host}", async () => (await host.Api.GetAsync("/health")).Status == 200, patience);
        foreach (var vip in vips)
            await host.Api.AddAsync(vip);
        await Wait.UntilAsync("STANDBY", async () => (await host.Api.StatesAsync()).Values.All(state => state == "STANDBY"), patience);
    }

    private static async Task AddAllAsync(LinKAgent linK, IReadOnlyList<IPAddress> vips)
    {
        foreach (var vip in vips)
            await linK.AddAsync(vip);
    }

    /// <summary>In the client's network, so that it can ask for them.</summary>
    private static IReadOnlyList<IPAddress> Vips(int count) => [.. Enumerable.Range(0, count).Select(i => new IPAddress([10, 77, 0, (byte)(101 + i)]))];
}
