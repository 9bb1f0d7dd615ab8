using System.Net;
using System.Text.RegularExpressions;
using Link.Core.Storage;
using Link.Tests.Bed;
using Link.Tests.Plugins.Outscale;
using Link.Tests.Storage;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>The executable on what LinK of each form left: etcd's keys, and the addresses on the interface.</summary>
public sealed partial class LinKDataTests(ModerateLeaseBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ModerateLeaseBed>
{
    private const string Locks = "/link/default/";
    private const int HookPort = 9;
    private const int CheckedPort = 5432;

    private static readonly IPAddress Checked = IPAddress.Parse("10.40.0.9");

    public static TheoryData<string> Versions => [.. RecordedDump.Versions];

    private AgentHost Host => Bed.Host(1);

    private EtcdGateway Etcd => Bed.Etcd[0].Gateway;

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task What_LinK_held_is_held_on_its_data_are_migrated_and_after_a_restart_nothing_is_written(string version)
    {
        await Bed.ResetAsync();
        var dump = RecordedDump.Load(version);
        await using var outscale = await FakeOutscale.StartAsync(static () => DateTimeOffset.UtcNow);
        outscale.SetKey("FIXTUREACCESSKEY", "FIXTURESECRETKEY0");
        outscale.AddPublicIp("eipalloc-0a1b2c");
        outscale.AddNic("eni-0d4e5f");
        outscale.Move("eipalloc-0a1b2c", "eni-0d4e5f");
        using var relay = new LocalRelay(Host.Namespace, outscale.Url.Port);
        using var hooks = new HookReceiver(Host.Namespace, HookPort);
        await Tool.RunAsync("ip", $"-n {Host.Namespace.Name} addr replace {Checked}/32 dev lo");
        using var service = new LocalListener(Host.Namespace, CheckedPort, Checked);
        var environment = new Dictionary<string, string>
        {
            ["HOSTNAME"] = dump.Host,
            ["SECRET_STORAGE_ENCRYPTION_KEY"] = dump.Key,
            ["OSC_ENDPOINT_API"] = outscale.Url.AbsoluteUri,
        };
        try
        {
            await WriteAsync(dump);
            string[] addresses = ["10.40.0.1/32", "10.40.0.2/24"];
            foreach (var address in addresses)
                await Tool.RunAsync("ip", $"-n {Host.Namespace.Name} addr add {address} dev {AgentHost.Interface}");
            var locks = await Etcd.FindAllAsync(Locks);
            Assert.Equal(dump.Endpoints.Count, locks.Count);
            var at = BedClock.Now;
            using var watch = new CancellationTokenSource();
            var events = await Etcd.WatchAllAsync(Locks, watch.Token);

            await StartAsync(environment, dump);
            await Wait.UntilAsync("the present form", async () => (await ReadAsync(dump)).SequenceEqual(dump.Clear.OrderBy(static pair => pair.Key, StringComparer.Ordinal)), Patience);
            // LinK before 1.9 had a lease for each lock, which becomes the host's.
            var lease = (await HostRecordAsync(dump)).LeaseId;
            await Wait.UntilAsync("all locks on the host's lease", async () => (await Etcd.FindAllAsync(Locks)).All(entry => entry.Lease == lease), Patience);
            if (version == "1.8")
            {
                await Wait.UntilAsync("word of all locks", () => events.Count >= locks.Count, Patience);
                Assert.Equal(locks.Select(static entry => (entry.Key, false)), events.Select(static entry => (entry.Key, entry.Deleted)).OrderBy(static entry => entry.Key, StringComparer.Ordinal));
            }
            else
            {
                Assert.Equal(string.Join('\n', locks), string.Join('\n', [.. await Etcd.FindAllAsync(Locks), .. events]));
            }

            await Wait.UntilAsync("nothing under no endpoint's id", async () => (await Etcd.ListAsync($"/link/secrets/hosts/{dump.Host}//")).Count == 0, Patience);
            Assert.Equal<(string?, int)>(("eni-0d4e5f", 0), (outscale.NicOf("eipalloc-0a1b2c"), outscale.BadSignatures));
            Assert.All(hooks.Requests, static request => Assert.Equal("ACTIVATED", request.Status));

            await Host.StopAgentAsync();
            using var again = new CancellationTokenSource();
            var written = await Etcd.WatchAllAsync("/link/", again.Token);
            var stored = await StoredAsync();
            await StartAsync(environment, dump);
            await Wait.UntilAsync("its own two keys", () => written.Select(static entry => entry.Key).Distinct().Count() >= 2, Patience);
            Assert.Equal(stored, await StoredAsync());
            Assert.Equal(lease, (await HostRecordAsync(dump)).LeaseId);
            Assert.Equal([$"/link/agents/{dump.Host}", $"/link/config/{dump.Host}"], written.Select(static entry => entry.Key).Distinct().Order(StringComparer.Ordinal));
            await watch.CancelAsync();
            await again.CancelAsync();
            foreach (var address in addresses)
                Assert.DoesNotContain(Bed.Addresses.Events(IPAddress.Parse(address.Split('/')[0])), entry => entry.At > at && !entry.Added);
        }
        finally
        {
            Host.KillAgent();
            await Tool.TryAsync("ip", ["-n", Host.Namespace.Name, "addr", "del", $"{Checked}/32", "dev", "lo"]);
        }
    }

    /// <summary>The dump, with leases that are there.</summary>
    private async Task WriteAsync(RecordedDump dump)
    {
        var leases = new Dictionary<long, long> { [0] = 0 };
        foreach (var old in dump.Etcd.Select(static pair => pair.Lease).Where(static lease => lease != 0).Distinct())
            leases[old] = await Etcd.GrantAsync((int)Bed.Lease.TotalSeconds * 10);
        foreach (var pair in dump.Etcd)
            await Etcd.PutAsync(pair.Key.ToStringUtf8(), LeaseId().Replace(pair.Value.ToStringUtf8(), match => $"{leases[long.Parse(match.Value, null)]}"), leases[pair.Lease]);
    }

    private async Task StartAsync(Dictionary<string, string> environment, RecordedDump dump)
    {
        await Host.StartAgentAsync(environment);
        await Wait.UntilAsync("all ACTIVATED", async () =>
            await Host.Api.StatesAsync() is { } states && states.Count == dump.Clear.Count && states.Values.All(static state => state == "ACTIVATED"), Patience);
    }

    /// <summary>Endpoints with their secrets in clear, read as etcd has them.</summary>
    private async Task<IReadOnlyList<KeyValuePair<string, string>>> ReadAsync(RecordedDump dump)
    {
        var etcd = (await Etcd.FindAllAsync("/link/")).Select(static entry => new Link.Core.Etcd.KeyValue
        {
            Key = Google.Protobuf.ByteString.CopyFromUtf8(entry.Key),
            Value = Google.Protobuf.ByteString.CopyFromUtf8(entry.Value),
            ModRevision = entry.ModRevision,
        });
        var now = dump with { Etcd = [.. etcd] };
        return
        [
            .. now.Endpoints.Select(endpoint => KeyValuePair.Create(endpoint.Record!.Id, RecordedDump.Reveal(dump.Host, endpoint, now.Secrets, dump.Ring))).OrderBy(static pair => pair.Key, StringComparer.Ordinal),
        ];
    }

    private async Task<HostRecord> HostRecordAsync(RecordedDump dump)
    {
        var key = KeyLayout.Host(dump.Host);
        return HostRecord.Read(key, System.Text.Encoding.UTF8.GetBytes((await Etcd.GetAsync(key))!)).Value!;
    }

    /// <summary>All but what every agent writes when it starts, with its revisions.</summary>
    private async Task<IReadOnlyList<EtcdEntry>> StoredAsync() =>
        [.. (await Etcd.FindAllAsync("/link/")).Where(static entry => !entry.Key.StartsWith("/link/agents/", StringComparison.Ordinal) && !entry.Key.StartsWith("/link/config/", StringComparison.Ordinal))];

    [GeneratedRegex("(?<=\"lease_id\":)[0-9]+")]
    private static partial Regex LeaseId();
}
