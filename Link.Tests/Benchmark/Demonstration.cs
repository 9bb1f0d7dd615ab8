using System.Globalization;
using Link.Tests.Bed;

namespace Link.Tests.Benchmark;

/// <summary>Three hosts, one address: what <c>scripts/run</c> shows a newcomer.</summary>
internal sealed class Demonstration
{
    /// <summary>Of namespaces and folder; <c>scripts/run --clean</c> knows it too.</summary>
    private const string Prefix = "link-demo";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestBed _bed;

    private Demonstration(TestBed bed) => _bed = bed;

    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        if (arguments is not ([] or ["--keep"]))
            throw new FormatException("usage: demo [--keep]");
        await using var bed = await TestBed.StartAsync(new BedOptions { Prefix = Prefix });
        var demonstration = new Demonstration(bed);
        await demonstration.ShowAsync();
        if (arguments.Count > 0)
            demonstration.Keep();
        else
            Console.WriteLine("\nDone: agents, etcd and namespaces are gone. (--keep leaves them, to play with.)");
        return 0;
    }

    private async Task ShowAsync()
    {
        Title("Three hosts, one etcd, one client: each a network namespace of this machine");
        await _bed.StartAgentsAsync();
        foreach (var host in _bed.Hosts)
            Console.WriteLine($"  {host.Name}  {host.Address}  agent {host.Agent!.Pid}");

        Title($"Each host offers to hold {TestBed.Vip}; etcd decides who does");
        foreach (var host in _bed.Hosts)
            await ClientAsync(host, show: host == _bed.Hosts[0], "ips", "add", $"{TestBed.Vip}/32");
        var election = await FindElectionAsync();
        foreach (var host in _bed.Hosts)
            await ClientAsync(host, show: true, "ips", "list");
        await using var prober = await _bed.ProbeAsync(election);
        Console.WriteLine($"  The client, which sends a datagram a millisecond from here on, hears {election.Holder}.");
        await prober.MoreRequestsAsync(2000);

        Title("Planned failover, by command");
        var at = BedClock.Now;
        await ClientAsync(election.Holder, show: true, "ips", "failover", election.HolderId);
        await prober.AnotherAnswersAsync(election.Holder, Patience);
        await prober.MoreRequestsAsync(1500);
        Tell(election, prober, at, dead: false);

        election = await _bed.WaitForHolderAsync(election, Patience);
        Title($"The holder's host dies: {election.Holder}'s cable is pulled and its agent killed");
        Console.WriteLine($"  Its lease, of {_bed.Lease.TotalSeconds:0} s, has to end before another host may take over: five times KEEPALIVE_INTERVAL.");
        await prober.MoreRequestsAsync(1500);
        at = BedClock.Now;
        await _bed.KillHostAsync(election.Holder);
        await prober.AnotherAnswersAsync(election.Holder, Patience);
        await prober.MoreRequestsAsync(1500);
        Tell(election, prober, at, dead: true);
        var survivor = _bed.HoldersOf(election.Address).First(host => host != election.Holder);
        await ClientAsync(survivor, show: true, "ips", "list");
    }

    private void Tell(ElectedVip election, Prober prober, long at, bool dead)
    {
        // The last requests may still be on their way.
        var until = BedClock.Now - 100_000_000;
        var outcome = Outcome.Of(prober.Snapshot(), _bed, election.Address, at, until, election.Holder, dead);
        string Ms(double? value) => value is { } ms ? ms.ToString("0.0", CultureInfo.InvariantCulture) + " ms" : "never";
        Console.WriteLine($"""
              before {election.Holder}, then {outcome.NewHost}: its first answer after {Ms(outcome.FirstNew)}
              datagrams sent {outcome.Sent}, lost {outcome.Lost}; longest silence {Ms(outcome.LongestSilence)}
              nobody had the address for {Ms(outcome.Nobody)}, two hosts for {Ms(outcome.TwoHolders)}
            """);
    }

    private void Keep()
    {
        var host = _bed.Hosts.First(host => host.Agent is { Runs: true });
        Title("Everything goes on running");
        Console.WriteLine($"""
              Ask an agent      {Programs.LinkClient} --socket {host.Socket} ips list
              Move the address  {Programs.LinkClient} --socket {host.Socket} ips failover {TestBed.Vip}
              Enter a host      ip netns exec {host.Namespace.Name} bash
              Be the client     ip netns exec {_bed.Client.Name} ping {TestBed.Vip}
              Read a log        less {host.Log}
              Remove it all     {Path.Combine(Programs.Root, "scripts", "run")} --clean
            """);
        _bed.Abandon();
    }

    private async Task<ElectedVip> FindElectionAsync()
    {
        var ids = new Dictionary<AgentHost, string>();
        foreach (var host in _bed.Hosts)
            ids[host] = (await host.Api.StatesAsync()).Keys.Single();
        return await _bed.WaitForHolderAsync(new ElectedVip(TestBed.Vip, _bed.Hosts[0], ids), Patience);
    }

    /// <summary>Runs link-client as an operator would, and prints the command and what it says.</summary>
    private static async Task ClientAsync(AgentHost host, bool show, params string[] arguments)
    {
        string[] all = ["--socket", host.Socket, .. arguments];
        var (code, output, error) = await Tool.TryAsync(Programs.LinkClient, all);
        if (show || code != 0)
        {
            Console.WriteLine($"  {host.Name}$ link-client {string.Join(' ', arguments)}");
            foreach (var line in (output + error).Split('\n', StringSplitOptions.RemoveEmptyEntries))
                Console.WriteLine($"    {line}");
        }
        if (code != 0)
            throw new InvalidOperationException($"link-client {string.Join(' ', all)} ended with code {code}");
    }

    private static void Title(string text) => Console.WriteLine($"\n{text}\n");
}
