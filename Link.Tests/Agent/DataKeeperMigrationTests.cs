using Link.Core.Etcd;
using Link.Core.Secrets;
using Link.Core.Storage;
using Link.Tests.Bed;
using Link.Tests.Storage;
using Xunit;

namespace Link.Tests.Agent;

/// <summary>Old data in a real etcd become the present form, through whatever may happen meanwhile.</summary>
public sealed class DataKeeperMigrationTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static TheoryData<string> Versions => [.. RecordedDump.Versions];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Every_old_form_is_migrated_and_nothing_else_is_touched_and_a_second_run_changes_nothing(string version)
    {
        var dump = RecordedDump.Load(version);
        await using var bed = await DataKeeperBed.StartAsync(dump);
        await FreeOldLocksAsync(bed, dump);
        var before = await bed.ReadAllAsync();
        await bed.Keeper(dump.Ring).MigrateAsync().WaitAsync(Patience);
        var after = await bed.ReadAllAsync();
        await AssertMigratedAsync(bed, dump);
        Assert.Equal(before.Where(IsElsewhere), after.Where(IsElsewhere));

        await bed.Keeper(dump.Ring).MigrateAsync().WaitAsync(Patience);
        Assert.Equal(after, await bed.ReadAllAsync());
    }

    [Fact]
    public async Task An_agent_that_dies_half_way_leaves_every_endpoint_whole_and_the_next_one_goes_on()
    {
        var dump = RecordedDump.Load("3.3");
        await using var bed = await DataKeeperBed.StartAsync(dump);
        var first = bed.Keeper(dump.Ring);
        bed.BeforeMigration = number =>
        {
            if (number == 2)
                first.Dispose();
        };
        await first.MigrateAsync().WaitAsync(Patience);
        var half = await bed.Store.ReadAsync(CancellationToken.None);
        Assert.Equal(1, half.Endpoints.Count(static endpoint => endpoint.Record!.PluginConfig.Contains("\"endpoint_id\":\"\"", StringComparison.Ordinal)));
        Assert.Equal(dump.Clear, Reveal(dump, half));

        bed.BeforeMigration = null;
        await bed.Keeper(dump.Ring).MigrateAsync().WaitAsync(Patience);
        await AssertMigratedAsync(bed, dump);
    }

    [Fact]
    public async Task What_somebody_else_writes_meanwhile_is_not_lost()
    {
        var dump = RecordedDump.Load("3.3");
        await using var bed = await DataKeeperBed.StartAsync(dump);
        var key = dump.Endpoints.First(static endpoint => endpoint.Record!.Plugin == "webhook").Key;
        var changed = dump.Endpoints.First(endpoint => endpoint.Key == key).Record! with { HealthcheckInterval = 42 };
        bed.BeforeMigration = number =>
        {
            if (number == 1)
                bed.Client.PutAsync(key, System.Text.Encoding.UTF8.GetString(changed.Write())).GetAwaiter().GetResult();
        };
        await bed.Keeper(dump.Ring).MigrateAsync().WaitAsync(Patience);
        var data = await bed.Store.ReadAsync(CancellationToken.None);
        var endpoint = data.Endpoints.First(endpoint => endpoint.Key == key);
        Assert.Equal(42, endpoint.Record!.HealthcheckInterval);
        Assert.Equal(dump.Clear[endpoint.Record.Id].Replace("\"healthcheck_interval\":0", "\"healthcheck_interval\":42", StringComparison.Ordinal), Reveal(dump, data)[endpoint.Record.Id]);
        Assert.DoesNotContain(data.Secrets.Keys, key => key.StartsWith(KeyLayout.SecretsOf(dump.Host, ""), StringComparison.Ordinal));
    }

    [Fact]
    public async Task Through_an_etcd_that_stops_and_starts_the_migration_goes_on()
    {
        var dump = RecordedDump.Load("3.3");
        await using var bed = await DataKeeperBed.StartAsync(dump, TimeSpan.FromSeconds(5));
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bed.BeforeMigration = number =>
        {
            if (number != 2)
                return;
            bed.Etcd.Members[0].Stop();
            stopped.SetResult();
        };
        var migration = bed.Keeper(dump.Ring).MigrateAsync();
        await stopped.Task.WaitAsync(Patience);
        await Wait.UntilAsync("a word about it", () => bed.LogText().Contains("not migrated yet; it is tried again", StringComparison.Ordinal), Patience);
        Assert.False(migration.IsCompleted);
        bed.Etcd.Members[0].Start();
        await migration.WaitAsync(Patience);
        await AssertMigratedAsync(bed, dump);
    }

    [Fact]
    public async Task An_overloaded_agent_is_told_later_and_the_migration_goes_on()
    {
        var dump = RecordedDump.Load("3.3");
        await using var bed = await DataKeeperBed.StartAsync(dump);
        bed.AfterRead = static number => number is 1 or 2 ? throw new TimeoutException("the agent is overloaded") : Task.CompletedTask;
        await bed.Keeper(dump.Ring).MigrateAsync().WaitAsync(Patience);
        var line = Assert.Single(bed.LogText().Split('\n'), static line => line.Contains("not migrated yet; it is tried again", StringComparison.Ordinal));
        Assert.Contains("the agent is overloaded", line, StringComparison.Ordinal);
        await AssertMigratedAsync(bed, dump);
    }

    [Fact]
    public async Task An_etcd_without_room_refuses_and_changes_nothing_and_with_room_the_migration_goes_on()
    {
        var dump = RecordedDump.Load("3.0");
        await using var bed = await DataKeeperBed.StartAsync(dump);
        await bed.Gateway.SetNoSpaceAsync(true);
        var before = await bed.ReadAllAsync();
        var migration = bed.Keeper(dump.Ring).MigrateAsync();
        await Wait.UntilAsync("a third try", () => bed.Reads > 2, Patience);
        Assert.Contains("space", bed.LogText(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(before, await bed.ReadAllAsync());
        await bed.Gateway.SetNoSpaceAsync(false);
        await migration.WaitAsync(Patience);
        await AssertMigratedAsync(bed, dump);
    }

    [Fact]
    public async Task While_a_lock_hangs_on_an_endpoints_own_lease_the_endpoint_keeps_it_and_no_longer()
    {
        var dump = RecordedDump.Load("1.8");
        await using var bed = await DataKeeperBed.StartAsync(dump);
        var before = await bed.ReadAllAsync();
        var migration = bed.Keeper(dump.Ring).MigrateAsync();
        await Wait.UntilAsync("a third try", () => bed.Reads > 2, Patience);
        Assert.Equal(before, await bed.ReadAllAsync());
        await FreeOldLocksAsync(bed, dump);
        var freed = await bed.ReadAllAsync();
        await migration.WaitAsync(Patience);
        await AssertMigratedAsync(bed, dump);
        Assert.Equal(freed.Where(IsElsewhere), (await bed.ReadAllAsync()).Where(IsElsewhere));
    }

    [Fact]
    public async Task With_a_lost_key_what_it_is_needed_for_stays_byte_for_byte_and_the_log_says_so_once()
    {
        var dump = RecordedDump.Load("3.3");
        await using var bed = await DataKeeperBed.StartAsync(dump);
        var before = await bed.ReadAllAsync();
        var keeper = bed.Keeper(new KeyRing(new Secret("not-the-key-0123456789abcdef01234567"), []));
        await keeper.MigrateAsync().WaitAsync(Patience);
        await keeper.MigrateAsync().WaitAsync(Patience);
        Assert.Equal(before, await bed.ReadAllAsync());
        var lines = bed.LogText().Split('\n').Where(static line => line.Contains("stays in an old form", StringComparison.Ordinal)).ToList();
        Assert.Equal(2, lines.Count);
        Assert.All(lines, static line => Assert.Contains("SECRET_STORAGE_ALTERNATE_KEYS", line));
    }

    [Fact]
    public async Task What_cannot_be_read_or_belongs_to_nobody_stays_byte_for_byte_and_is_named()
    {
        var dump = RecordedDump.Load("3.3");
        await using var bed = await DataKeeperBed.StartAsync(dump);
        string[] odd = [KeyLayout.Endpoint(dump.Host, "vip-odd"), KeyLayout.Secret(dump.Host, "", "sec-odd"), KeyLayout.Secret(dump.Host, "vip-gone", "sec-odd"), $"{KeyLayout.SecretsOf(dump.Host)}loose"];
        foreach (var key in odd)
            await bed.Client.PutAsync(key, "{half a json");
        var before = await bed.ReadAllAsync();
        await bed.Keeper(dump.Ring).MigrateAsync().WaitAsync(Patience);
        var after = await bed.ReadAllAsync();
        Assert.All(odd, key => Assert.Equal(before[key], after[key]));
        Assert.Contains("secrets in etcd belong to no endpoint of this host", bed.LogText());
    }

    private static bool IsElsewhere(KeyValuePair<string, KeyValue> pair) =>
        !pair.Key.StartsWith(KeyLayout.EndpointsPrefix, StringComparison.Ordinal) && !pair.Key.StartsWith(KeyLayout.SecretsPrefix, StringComparison.Ordinal);

    /// <summary>What the Elector does: the locks of LinK before 1.9 get the host's lease.</summary>
    private static async Task FreeOldLocksAsync(DataKeeperBed bed, RecordedDump dump)
    {
        var old = dump.Endpoints.Select(static endpoint => endpoint.Record!.LeaseId).ToHashSet();
        long lease = (await bed.Client.GrantLeaseAsync(600)).ID;
        foreach (var pair in dump.Etcd.Where(pair => pair.Lease != 0 && old.Contains(pair.Lease)))
            await bed.Client.PutAsync(pair.Key.ToStringUtf8(), dump.Host, lease);
    }

    private static Dictionary<string, string> Reveal(RecordedDump dump, HostData data) =>
        data.Endpoints.ToDictionary(static endpoint => endpoint.Record!.Id, endpoint => RecordedDump.Reveal(dump.Host, endpoint, data.Secrets, dump.Ring));

    private static async Task AssertMigratedAsync(DataKeeperBed bed, RecordedDump dump)
    {
        var data = await bed.Store.ReadAsync(CancellationToken.None);
        Assert.Equal(dump.Clear, Reveal(dump, data));
        var plan = Migrations.Plan(dump.Host, data.Endpoints, data.Secrets, dump.Ring, SecretFormat.AesGcm, RecordedDump.SecretsOf);
        Assert.Equal((0, 0, 0), (plan.Migrations.Count, plan.Faults.Count, plan.Unreferenced.Count));
        Assert.DoesNotContain(data.Secrets.Keys, key => key.StartsWith(KeyLayout.SecretsOf(dump.Host, ""), StringComparison.Ordinal));
        // Whoever restores a wiped etcd knows what it had last.
        Assert.Equal(data.Endpoints.Select(static endpoint => (endpoint.Key, endpoint.ModRevision)), bed.Kept!.Endpoints.Select(static endpoint => (endpoint.Key, endpoint.ModRevision)));
        Assert.Equal(data.Secrets.Values.Select(static secret => (secret.Key, secret.ModRevision)), bed.Kept.Secrets.Values.Select(static secret => (secret.Key, secret.ModRevision)));
        Assert.All(dump.Etcd.Where(static pair => pair.Value.ToStringUtf8().Contains("\"data\"", StringComparison.Ordinal)), _ => Assert.DoesNotContain("FIXTURE", bed.LogText()));
        Assert.DoesNotContain(dump.Key, bed.LogText());
    }
}
