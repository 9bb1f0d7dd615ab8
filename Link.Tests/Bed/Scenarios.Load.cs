using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Link.Tests.Bed;

/// <summary>What many endpoints cost.</summary>
internal sealed partial class Scenarios
{
    /// <summary>One agent, many endpoints: made one by one, watched at rest, restarted after a SIGKILL, deleted one by one.</summary>
    /// <param name="window">How long to watch the agent at rest.</param>
    internal async Task<LoadMeasurement> LoadAsync(int endpoints, TimeSpan window)
    {
        var host = Bed.Host(1);
        await Bed.StartAgentsAsync(extra: null, host);
        await Task.Delay(TimeSpan.FromSeconds(3));
        var idle = host.Agent!.Usage();

        var start = BedClock.Now;
        var ids = new List<string>(endpoints);
        for (var i = 0; i < endpoints; i++)
            ids.Add(await host.Api.AddAsync(Address(i)));
        var posts = BedClock.MillisecondsSince(start);
        await AllActivatedAsync(host, endpoints);
        var held = Enumerable.Range(0, endpoints).Count(i => Bed.Addresses.IsPresent(host.Number, Address(i)));

        // Announcements and first renewals are over.
        await Task.Delay(TimeSpan.FromSeconds(8));
        var (before, requests, at) = (host.Agent.Usage(), await Bed.Etcd[0].RequestsAsync(), BedClock.Now);
        await Task.Delay(window);
        var seconds = BedClock.MillisecondsSince(at) / 1000;
        var (after, requestsAfter) = (host.Agent.Usage(), await Bed.Etcd[0].RequestsAsync());

        host.KillAgent();
        start = BedClock.Now;
        await host.StartAgentAsync();
        await AllActivatedAsync(host, endpoints);
        var restart = BedClock.MillisecondsSince(start);
        var restarted = host.Agent!.Usage();

        start = BedClock.Now;
        foreach (var id in ids)
            (await host.Api.DeleteAsync(id)).Expect(204);
        var deletes = BedClock.MillisecondsSince(start);
        return new LoadMeasurement
        {
            Held = held,
            LeftBehind = Enumerable.Range(0, endpoints).Count(i => Bed.Addresses.IsPresent(host.Number, Address(i))),
            KeysLeft = (await Bed.Etcd[0].Gateway.ListAsync("/link/hosts/")).Count + (await Bed.Etcd[0].Gateway.ListAsync("/link/default/")).Count,
            Requests = requestsAfter - requests,
            RequestsPerSecond = (requestsAfter - requests) / seconds,
            CpuPercent = (after.CpuNanoseconds - before.CpuNanoseconds) / 1e7 / seconds,
            IdleMiB = idle.ResidentMiB,
            LoadedMiB = after.ResidentMiB,
            RestartPeakMiB = restarted.PeakMiB,
            PostSeconds = posts / 1000,
            RestartSeconds = restart / 1000,
            DeleteSeconds = deletes / 1000,
        };
    }

    /// <summary>From the start of the process to the first byte of the answer of GET /version, milliseconds.</summary>
    internal async Task<double> StartToVersionAsync()
    {
        await Bed.ResetAsync();
        var host = Bed.Host(1);
        var agent = host.Launch();
        var request = Encoding.ASCII.GetBytes("GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n");
        return host.Namespace.Run(() =>
        {
            var answer = new byte[256];
            while (BedClock.MillisecondsSince(agent.StartedAt) < 20_000)
            {
                using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                try
                {
                    socket.Connect(IPAddress.Loopback, AgentApi.Port);
                    socket.Send(request);
                    if (socket.Receive(answer) > 0)
                        return BedClock.MillisecondsSince(agent.StartedAt);
                }
                catch (SocketException)
                {
                    // Not listening yet. Trying without a pause would take the processor from the agent.
                    LibC.clock_nanosleep(LibC.CLOCK_MONOTONIC, 0, new LibC.timespec { tv_nsec = 200_000 }, 0);
                }
            }
            throw new TimeoutException($"no answer of GET /version; see {agent.Log}");
        });
    }

    private static IPAddress Address(int number) => new([10, 78, (byte)(number / 250), (byte)((number % 250) + 1)]);

    private static Task AllActivatedAsync(AgentHost host, int endpoints) => Wait.UntilAsync($"{endpoints} endpoints ACTIVATED", async () =>
    {
        var states = await host.Api.StatesAsync();
        return states.Count == endpoints && states.Values.All(state => state == "ACTIVATED");
    }, TimeSpan.FromMinutes(2));
}
