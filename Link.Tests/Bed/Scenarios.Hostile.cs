using System.Globalization;
using System.Net;
using Link.Core.Api.Access;
using Link.Tests.Api;
using Link.Tests.Support;

namespace Link.Tests.Bed;

/// <summary>Everything at once against a holder: its API, and the network that it answers on.</summary>
internal sealed partial class Scenarios
{
    private const string OperatorName = "op", OperatorPassword = "operator's", ProbeUser = "probe", ProbePassword = "probe's";
    private const int ExtraSources = 16, LeaseSeconds = 15, KeepAliveSeconds = 3;

    private static readonly TimeSpan HonestPause = TimeSpan.FromMilliseconds(100);

    /// <summary>
    /// Clients without credentials that pipeline and do not read, silent ones, and with a password of role operate bodies that do not end, bodies of a
    /// mebibyte, long names, and lists that nobody reads; and a flood of frames. Meanwhile somebody honest on another host asks for the list.
    /// </summary>
    /// <param name="duration">How long.</param>
    /// <param name="tls">The API is https.</param>
    internal async Task<Measurement> HostileAsync(TimeSpan duration, bool tls)
    {
        using TemporaryFolder folder = new();
        using PemAuthority authority = new(folder, "authority");
        Dictionary<string, string> extra = new()
        {
            ["API_USERS_FILE"] = folder.Write("users", TestUsers.Line(OperatorName, Role.Operate, OperatorPassword) + TestUsers.Line(ProbeUser, Role.Read, ProbePassword)),
        };
        if (tls)
        {
            (extra["API_TLS_CERT"], extra["API_TLS_KEY"]) = authority.Issue("agent");
        }

        IReadOnlyList<IPAddress> sources = [TestBed.ClientAddress, .. Enumerable.Range(0, ExtraSources).Select(i => IPAddress.Parse($"10.77.0.{101 + i}"))];
        foreach (IPAddress source in sources.Skip(1))
        {
            await Tool.RunAsync("ip", ["-n", Bed.Client.Name, "address", "replace", $"{source}/24", "dev", AgentHost.Interface]);
        }

        try
        {
            (ElectedVip election, Prober prober) = await HoldAsync(TestBed.Vip, settleMilliseconds: 1500, extra: extra);
            await using (prober)
            {
                return await AttackAsync(election, prober, sources, duration, tls);
            }
        }
        finally
        {
            foreach (IPAddress source in sources.Skip(1))
            {
                await Tool.TryAsync("ip", ["-n", Bed.Client.Name, "address", "delete", $"{source}/24", "dev", AgentHost.Interface]);
            }
        }
    }

    private async Task<Measurement> AttackAsync(ElectedVip election, Prober prober, IReadOnlyList<IPAddress> sources, TimeSpan duration, bool tls)
    {
        AgentHost holder = election.Holder;
        IPEndPoint target = new(holder.Address, AgentApi.Port);
        double idle = holder.Agent!.Usage().ResidentMiB;
        List<double> honest = [];
        int refused = 0;
        long lowestTtl = long.MaxValue;
        using CancellationTokenSource end = new(duration);
        long at = BedClock.Now;
        int opened, frames;
        await using (HostileClients clients = new(Bed.Client, target, sources, new NetworkCredential(OperatorName, OperatorPassword), tls))
        using (HostileFrames flood = new(Bed.Client, AgentHost.Interface, election.Address))
        {
            clients.Pipeline(tls ? 250 : 200);
            clients.Silent(512);
            clients.Unfinished(250);
            clients.Mebibytes(60);
            clients.LongNames(40);
            clients.PipelineLists(100);
            Task ttl = SampleAsync(end.Token, async () => lowestTtl = Math.Min(lowestTtl, await TimeToLiveAsync(election)));
            await SampleAsync(end.Token, async () =>
            {
                if (await AskHonestlyAsync(election.Others.First(), target, tls) is { } milliseconds)
                {
                    honest.Add(milliseconds);
                }
                else
                {
                    refused++;
                }
            });
            await ttl;
            (opened, frames) = (clients.Opened, flood.Sent);
        }

        await prober.MoreRequestsAsync(1000);
        Measurement result = await MeasureAsync(prober, election, at);
        honest.Sort();
        result.Figures["alive"] = holder.Agent.Runs ? 1 : 0;
        result.Figures["moves"] = result.Outcome.Moves;
        result.Figures["idle"] = idle;
        result.Figures["peak"] = holder.Agent.Runs ? holder.Agent.Usage().PeakMiB : double.NaN;
        result.Figures["honest"] = honest.Count == 0 ? double.PositiveInfinity : honest[honest.Count / 2];
        result.Figures["honest_slowest"] = honest.Count == 0 ? double.PositiveInfinity : honest[^1];
        result.Figures["honest_answered"] = honest.Count;
        result.Figures["honest_refused"] = refused;
        // A renewal that is a second late and more shows in what is left of the lease; etcd tells whole seconds.
        result.Figures["missed"] = lowestTtl < LeaseSeconds - KeepAliveSeconds - 2 ? 1 : 0;
        result.Figures["lowest_ttl"] = lowestTtl;
        result.Figures["connections"] = opened;
        result.Figures["frames"] = frames;
        return result;
    }

    /// <summary>Seconds left of the lease that the lock has now; the agent may change it.</summary>
    private async Task<long> TimeToLiveAsync(ElectedVip election)
    {
        while (true)
        {
            long left = await Bed.Etcd[0].Gateway.FindAsync(election.LockKey) is { } held ? await Bed.Etcd[0].Gateway.TimeToLiveAsync(held.Lease) : 0;
            if (left > 0 || (await Bed.Etcd[0].Gateway.FindAsync(election.LockKey))?.Value.Length is null or 0)
            {
                return left;
            }
        }
    }

    private static async Task SampleAsync(CancellationToken end, Func<Task> sample)
    {
        while (!end.IsCancellationRequested)
        {
            await sample();
            await Task.Delay(HonestPause, CancellationToken.None);
        }
    }

    /// <summary>A process of its own each time, which waits for none of the attackers, and a connection of its own, which is the hardest to get.</summary>
    /// <returns>How long it took, in milliseconds; null: refused.</returns>
    private static async Task<double?> AskHonestlyAsync(AgentHost from, IPEndPoint target, bool tls)
    {
        string url = $"{(tls ? "https" : "http")}://{target}/endpoints";
        (int code, string output, _) = await Tool.TryAsync(
            "ip", ["netns", "exec", from.Namespace.Name, "curl", "-s", "-k", "-m", "10", "-u", $"{ProbeUser}:{ProbePassword}", "-w", "\n%{http_code} %{time_total}", url]);
        string[] lines = output.Split('\n');
        string[] measured = lines[^1].Split(' ');
        return code == 0 && measured[0] == "200" && output.Contains("vip-", StringComparison.Ordinal) ? 1000 * double.Parse(measured[1], CultureInfo.InvariantCulture) : null;
    }
}
