using Link.Tests.Bed;
using Link.Tests.Packaging;
using Link.Tests.Support;

namespace Link.Tests.Benchmark;

/// <summary>
/// The table: what is measured, what LinK 3.3.0 does, and what we promise. The figures of LinK 3.3.0 were measured on a bed of the same build with
/// its defaults (minimum / median / maximum).
/// </summary>
internal static class BenchmarkPlan
{
    private const int LeaseMilliseconds = 15_000;
    private const int LostAfterMilliseconds = 18_000; // KEEPALIVE_INTERVAL x (KEEPALIVE_RETRY + 1)

    private static readonly BedOptions Three = new();
    private static readonly BedOptions One = new() { Hosts = 1 };

    internal static IReadOnlyList<BenchmarkScenario> Scenarios { get; } =
    [
        new("failover", 5, Three, async (s, _) => Of(await s.PlannedFailoverAsync(settle: Settle())),
            new Figure("first_new", "planned failover: first answer of the new host", "5.8 / 9.5 / 18.7 ms", "10 ms", 10, "ms"),
            new Figure("two_holders", "... two holders", "1.4 s (up to 2.9)", "50 ms", 50, "ms"),
            new Figure("lost", "... datagrams lost", "0", "0", 0, ""),
            new Figure("nobody", "... nobody", "-", "0", 0, "ms"),
            new Figure("silence", "... longest silence", "-", "", null, "ms")),
        new("failover-early", 5, Three, async (s, _) => Of(await s.EarlyFailoverAsync()),
            new Figure("outage", "failover 0.3 s after an election: outage", "0 / 395 / 427 ms", "3 ms", 3, "ms")),
        new("delete", 5, Three, async (s, _) => Of(await s.DeleteAsync()),
            new Figure("switch_gap", "DELETE on the holder: switch gap", "-", "2 ms", 2, "ms"),
            new Figure("lost", "... datagrams lost", "-", "", null, "")),
        new("failover-ipv6", 5, Three, async (s, _) => Of(await s.PlannedFailoverAsync(TestBed.VipV6, Settle())),
            new Figure("outage", "IPv6 planned failover: outage", "never works again", "5 ms", 5, "ms"),
            new Figure("first_new", "... first answer of the new host", "-", "", null, "ms")),
        new("health", 3, Three, async (s, _) => Of(await s.HealthCheckFailsAsync()),
            new Figure("outage", "health check fails: outage beyond the detection", "0.3 / 2.0 / 2.0 s", "20 ms", 20, "ms")),
        new("first", 5, Three, async (s, _) => Values(("to_address", await s.FirstActivationAsync())),
            new Figure("to_address", "first activation on a fresh host, POST to address", "3.0 s", "50 ms", 50, "ms")),
        new("removed", 5, Three, async (s, _) => Of(await s.RemovedByHandAsync()),
            new Figure("restored", "address removed by hand: restored", "never", "50 ms", 50, "ms")),
        new("restart-sigterm", 2, Three, async (s, _) => Of(await s.RestartAsync(kill: false, LeaseMilliseconds + 5000)),
            new Figure("moves", "restart (SIGTERM) with one endpoint: moves", "-", "0", 0, ""),
            new Figure("outage", "... gap", "-", "0", 0, "ms"),
            new Figure("back", "... to ACTIVATED", "30 / 37 / 65 ms (address)", "", null, "ms")),
        new("restart-kill", 2, Three, async (s, _) => Of(await s.RestartAsync(kill: true, LeaseMilliseconds + 5000)),
            new Figure("moves", "restart (kill -9) with one endpoint: moves", "-", "0", 0, ""),
            new Figure("outage", "... gap", "-", "0", 0, "ms"),
            new Figure("back", "... to ACTIVATED", "-", "", null, "ms")),
        new("host-death", 3, Three, async (s, _) => Of(await s.HostDeathAsync()),
            new Figure("after_lock", "host death: takeover after the lease's end in etcd", "-", "100 ms", 100, "ms"),
            new Figure("first_new", "... outage in all", "13.3 / 15.3 / 17.7 s", "", null, "ms")),
        new("agent-killed", 2, Three, async (s, _) => Of(await s.KillAsync()),
            new Figure("two_holders", "kill -9 of the agent, not restarted: two holders", "until it is restarted", "2 s", 2000, "ms"),
            new Figure("nobody", "... nobody", "-", "100 ms", 100, "ms"),
            new Figure("first_new", "... takeover", "16 s", "", null, "ms")),
        new("agent-killed-release", 2, Three, async (s, _) => Of(await s.KillAsync(new EndpointWish { OnEtcdLoss = "release" })),
            new Figure("two_holders", "... with on_etcd_loss=release: two holders", "-", "0", 0, "ms"),
            new Figure("nobody", "... with on_etcd_loss=release: nobody", "-", "", null, "ms")),
        new("holder-cut", 2, Three, async (s, _) => Of(await s.CutHolderAsync(reject: false, watch: 10_000)),
            new Figure("two_holders", "holder cut from etcd (LAN intact): two holders", "until 13 to 18 s after the heal", "100 ms", 100, "ms"),
            new Figure("two_after", "... later than 0.5 s after the takeover", "-", "0", 0, "ms"),
            new Figure("nobody", "... nobody", "-", "", null, "ms")),
        new("etcd-dead", 1, Three, async (s, _) => Of(await s.EtcdGoneAsync(silent: false, gone: 60_000)),
            new Figure("most_holders", "etcd dead for a minute (LAN intact), claim: holders", "-", "1", 1, ""),
            new Figure("nobody", "... nobody", "-", "0", 0, "ms"),
            new Figure("moves", "... moves, its return included", "-", "", null, "")),
        new("both-die-at-once", 1, Three, async (s, _) => Of(await s.EtcdAndHolderDieAsync(between: 0)),
            new Figure("after_etcd", "etcd dead, then the holder's host dead: survivor, after etcd's death", "nobody until etcd is back", "18 s", LostAfterMilliseconds, "ms"),
            new Figure("holders", "... survivors with the address", "0", "1", 1, "")),
        new("both-die-later", 1, Three, async (s, _) => Of(await s.EtcdAndHolderDieAsync(between: LostAfterMilliseconds + 4000)),
            new Figure("first_new", "... 22 s later: survivor, after the holder's death", "nobody until etcd is back", "3 s", 3000, "ms"),
            new Figure("holders", "... survivors with the address", "0", "1", 1, "")),
        new("start", 10, One, async (s, _) => Values(("to_version", await s.StartToVersionAsync())),
            new Figure("to_version", "start to first GET /version", "16 / 29 / 64 ms", "20 ms", 20, "ms")),
        new("load", 1, One, async (s, options) => Of(await s.LoadAsync(1000, options.Window)),
            new Figure("requests", "etcd requests/s at rest, 1000 endpoints", "663", "1", 1, "/s"),
            new Figure("cpu", "CPU at rest, 1000 endpoints", "13 %", "1 %", 1, "%"),
            new Figure("memory_idle", "memory idle", "27 MiB", "16 MiB", 16, "MiB"),
            new Figure("memory_loaded", "... with 1000 endpoints", "95 MiB", "40 MiB", 40, "MiB"),
            new Figure("memory_restart", "... peak at restart with 1000", "532 MiB", "60 MiB", 60, "MiB"),
            new Figure("posts", "1000 POSTs", "6.7 s", "3 s", 3, "s"),
            new Figure("restart", "restart with 1000 until all are ACTIVATED", "2.6 s", "0.7 s", 0.7, "s"),
            new Figure("deletes", "1000 DELETEs", "27 s", "4 s", 4, "s")),
        new("replace-link", 3, Three, async (s, _) => Of(await s.ReplaceLinKAsync(100)),
            new Figure("moves", "replacing LinK by ours on a host that holds 100 addresses: moves", "-", "0", 0, ""),
            new Figure("lock_changes", "... changes of their locks", "-", "0", 0, ""),
            new Figure("lost", "... datagrams lost", "-", "0", 0, ""),
            new Figure("back", "... to ACTIVATED", "-", "", null, "ms")),
        new("back-to-link", 3, Three, async (s, _) => Of(await s.GoBackToLinKAsync(100)),
            new Figure("moves", "going back to LinK with 100 addresses: moves", "-", "0", 0, ""),
            new Figure("lock_changes", "... changes of their locks", "-", "0", 0, ""),
            new Figure("lost", "... datagrams lost", "-", "0", 0, "")),
        new("rotation", 3, One, async (s, _) => Of(await s.RotateAsync(1000)),
            new Figure("seconds", "rotation of 1000 secrets, by the client", "-", "2 s", 2, "s"),
            new Figure("left", "... left under the old key", "-", "0", 0, ""),
            new Figure("unreadable", "going back to LinK: secrets that it cannot read", "-", "0", 0, "")),
        new("hostile", 1, Three, async (s, _) => Of(await s.HostileAsync(Attack, tls: false)), Hostile("http")),
        new("hostile-tls", 1, Three, async (s, _) => Of(await s.HostileAsync(Attack, tls: true)), Hostile("https")),
        new("size", 1, One, async (_, _) => Values(("size", new FileInfo(Programs.Link).Length / 1e6), ("package", await PackageSizeAsync())),
            new Figure("size", "executable, agent and client", "40.8 and 30.9 MB", "12 MB", 12, "MB"),
            new Figure("package", "Debian package", "-", "5 MB", 5, "MB")),
    ];

    /// <summary>How long the attacks of the rows 'hostile' last.</summary>
    private static readonly TimeSpan Attack = TimeSpan.FromMinutes(1);

    private static Figure[] Hostile(string scheme) =>
    [
        new("alive", $"every attack on the holder at once for a minute ({scheme}): agent alive", "-", "1", null, ""),
        new("moves", "... moves", "-", "0", 0, ""),
        new("nobody", "... nobody with the address", "-", "0", 0, "ms"),
        new("lost", "... datagrams lost", "-", "", null, ""),
        new("silence", "... longest silence", "-", "", null, "ms"),
        new("missed", "... renewals missed", "-", "0", 0, ""),
        new("idle", "... memory before", "-", "", null, "MiB"),
        new("peak", "... memory at the worst", "-", "64 MiB", 64, "MiB"),
        new("honest", "... an honest client's request, median", "-", "100 ms", 100, "ms"),
        new("honest_refused", "... of its requests refused", "-", "0", 0, ""),
        new("connections", "... connections of the attackers", "-", "", null, ""),
        new("frames", "... frames", "-", "", null, ""),
    ];

    /// <summary>Not in step with anything that happens once a second or once a keep-alive.</summary>
    private static int Settle() => 2000 + Random.Shared.Next(3000);

    private static async Task<double> PackageSizeAsync()
    {
        using var folder = new TemporaryFolder();
        await PackagesFixture.BuildAsync(folder.Path);
        return new DirectoryInfo(folder.Path).GetFiles("*.deb").Single().Length / 1e6;
    }

    private static Dictionary<string, double> Of(Measurement measured)
    {
        var values = new Dictionary<string, double>(measured.Figures)
        {
            ["two_holders"] = measured.Outcome.TwoHolders,
            ["nobody"] = measured.Outcome.Nobody,
            ["lost"] = measured.Outcome.Lost,
            ["outage"] = measured.Outcome.Outage,
            ["silence"] = measured.Outcome.LongestSilence,
            ["moves"] = measured.Outcome.Moves,
            ["holders"] = measured.Holders.Count,
            ["stalled"] = measured.Outcome.ProberStalled,
        };
        if (measured.Outcome.FirstNew is { } first)
            values["first_new"] = first;
        if (measured.Outcome.SwitchGap is { } gap)
            values["switch_gap"] = gap;
        return values;
    }

    private static IReadOnlyDictionary<string, double> Of(LoadMeasurement load) => Values(
        ("requests", load.RequestsPerSecond),
        ("cpu", load.CpuPercent),
        ("memory_idle", load.IdleMiB),
        ("memory_loaded", load.LoadedMiB),
        ("memory_restart", load.RestartPeakMiB),
        ("posts", load.PostSeconds),
        ("restart", load.RestartSeconds),
        ("deletes", load.DeleteSeconds));

    private static IReadOnlyDictionary<string, double> Of(ChangeoverMeasurement changed) => Values(
        ("moves", changed.Moves), ("lock_changes", changed.LockChanges), ("lost", changed.Lost), ("back", changed.Back));

    private static IReadOnlyDictionary<string, double> Of(RotationMeasurement rotated) => Values(
        ("seconds", rotated.Seconds), ("left", rotated.Secrets - rotated.Rotated), ("unreadable", rotated.Secrets - rotated.ReadableByLinK));

    private static IReadOnlyDictionary<string, double> Values(params (string Key, double Value)[] values) => values.ToDictionary(pair => pair.Key, pair => pair.Value);
}
