using System.Diagnostics;
using Link.Core.Api;
using Link.Core.Secrets;
using Link.Core.Storage;
using Link.Tests.Bed;
using Link.Tests.Storage;
using Xunit;

namespace Link.Tests.Agent;

public sealed class DataKeeperRotationTests(ITestOutputHelper output) : IAsyncLifetime
{
    private const string Vip = "vip-1";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly Secret Old = new("the-old-key-0123456789abcdef01234567");
    private static readonly KeyRing OldRing = new(Old, []);
    private static readonly Secret New = new("the-new-key-0123456789abcdef01234567");
    private static readonly KeyRing NewRing = new(New, []);
    private static readonly KeyRing BothRing = new(New, [Old]);
    private static readonly KeyRing LostRing = new(new Secret("the-lost-key-0123456789abcdef0123456"), []);

    private DataKeeperBed _bed = null!;

    public async ValueTask InitializeAsync() => _bed = await DataKeeperBed.StartAsync(requestTimeout: TimeSpan.FromSeconds(10));

    public ValueTask DisposeAsync() => _bed.DisposeAsync();

    [Fact]
    public async Task All_secrets_come_under_the_current_key_and_again_changes_nothing()
    {
        await PutSecretsAsync(3, OldRing);
        var keeper = _bed.Keeper(BothRing);
        Assert.Equal(OutcomeStatus.Done, (await keeper.RotateAsync(false)).Status);
        Assert.Equal((false, 3, 3, 0, null), Counts(keeper.Rotation));
        Assert.NotNull(keeper.Rotation.EndedAt);
        for (var i = 0; i < 3; i++)
            Assert.Equal($"\"value {i}\"", await _bed.OpenAsync(Vip, $"sec-{i}", NewRing));
        var after = await _bed.ReadAllAsync();
        Assert.Equal(after.Values.Select(static pair => pair.ModRevision).Order(), _bed.Kept!.Secrets.Values.Select(static secret => secret.ModRevision).Order());

        Assert.Equal(OutcomeStatus.Done, (await keeper.RotateAsync(false)).Status);
        Assert.Equal(after, await _bed.ReadAllAsync());
    }

    [Fact]
    public async Task Without_alternate_keys_there_is_nothing_to_rotate_and_the_error_says_what_to_do()
    {
        await PutSecretsAsync(1, NewRing, SecretFormat.AesGcm);
        var outcome = await _bed.Keeper(NewRing).RotateAsync(false);
        Assert.Equal(OutcomeStatus.Conflict, outcome.Status);
        Assert.Contains("SECRET_STORAGE_ALTERNATE_KEYS", outcome.Error);
    }

    [Fact]
    public async Task By_force_they_are_all_encrypted_anew_also_without_alternate_keys()
    {
        await PutSecretsAsync(120, NewRing, SecretFormat.AesGcm);
        var before = await _bed.ReadAllAsync();
        var keeper = _bed.Keeper(NewRing);
        Assert.Equal(OutcomeStatus.Done, (await keeper.RotateAsync(true)).Status);
        Assert.Equal((false, 120, 120, 0, null), Counts(keeper.Rotation));
        var after = await _bed.ReadAllAsync();
        Assert.All(before, pair => Assert.NotEqual(pair.Value.Value, after[pair.Key].Value));
        Assert.All(after.Values, static pair => Assert.Equal(2, pair.Version));
        Assert.Equal("\"value 7\"", await _bed.OpenAsync(Vip, "sec-7", NewRing));
    }

    [Fact]
    public async Task Without_a_key_nothing_is_read_and_the_error_says_what_to_set()
    {
        await PutSecretsAsync(1, OldRing);
        var outcome = await _bed.Keeper(new KeyRing(null, [Old])).RotateAsync(true);
        Assert.Equal(OutcomeStatus.Conflict, outcome.Status);
        Assert.Contains("SECRET_STORAGE_ENCRYPTION_KEY", outcome.Error);
        Assert.Equal(0, _bed.Reads);
    }

    [Fact]
    public async Task One_secret_that_opens_with_no_key_is_named_and_stays_and_the_others_are_done()
    {
        await PutSecretsAsync(3, OldRing);
        await _bed.PutSecretAsync(Vip, "sec-lost", "\"x\"", LostRing);
        await _bed.Client.PutAsync(KeyLayout.Secret(_bed.Host, "", "sec-odd"), "[]");
        var before = await _bed.ReadAllAsync();
        var keeper = _bed.Keeper(BothRing);
        var outcome = await keeper.RotateAsync(false);
        Assert.Equal(OutcomeStatus.Conflict, outcome.Status);
        Assert.StartsWith("2 of 5 secrets cannot be encrypted anew, the others are under the current key: ", outcome.Error, StringComparison.Ordinal);
        Assert.Contains("/link/secrets/hosts/db-7/vip-1/sec-lost: opens with none of this host's keys (tried 2)", outcome.Error);
        Assert.Contains("/link/secrets/hosts/db-7//sec-odd: is not a JSON object", outcome.Error);
        Assert.Equal((false, 5, 3, 2, outcome.Error), Counts(keeper.Rotation));
        var after = await _bed.ReadAllAsync();
        foreach (var key in (string[])[KeyLayout.Secret(_bed.Host, Vip, "sec-lost"), KeyLayout.Secret(_bed.Host, "", "sec-odd")])
            Assert.Equal(before[key], after[key]);
        Assert.Equal("\"value 2\"", await _bed.OpenAsync(Vip, "sec-2", NewRing));
    }

    [Fact]
    public async Task Secrets_in_old_places_come_under_the_current_key_too()
    {
        foreach (var version in (string[])["3.0", "3.3"])
        {
            var dump = RecordedDump.Load(version);
            await using var bed = await DataKeeperBed.StartAsync(dump);
            Assert.Equal(OutcomeStatus.Done, (await bed.Keeper(new KeyRing(New, [new Secret(dump.Key)])).RotateAsync(false)).Status);
            var data = await bed.Store.ReadAsync(CancellationToken.None);
            Assert.Equal(dump.Clear, data.Endpoints.ToDictionary(static endpoint => endpoint.Record!.Id, endpoint => RecordedDump.Reveal(dump.Host, endpoint, data.Secrets, NewRing)));
        }
    }

    [Fact]
    public async Task A_secret_that_stays_in_its_endpoint_counts_with_its_neighbours_and_one_under_no_id_counts_once()
    {
        var inside = RecordedDump.Load("3.0");
        await using var bed = await DataKeeperBed.StartAsync(inside);
        await bed.PutSecretAsync("", "sec-lost", "\"x\"", LostRing);
        await bed.Client.PutAsync(KeyLayout.Endpoint(bed.Host, "vip-w"), """{"id":"vip-w","ip":"","healthcheck_interval":0,"plugin":"webhook","plugin_config":{"url":"u","secret":{"id":"sec-lost","endpoint_id":""},"resource_id":"r"}}""");
        var keeper = bed.Keeper(BothRing);
        var outcome = await keeper.RotateAsync(false);
        Assert.StartsWith("3 of 3 secrets cannot be encrypted anew", outcome.Error, StringComparison.Ordinal);
        Assert.Equal((false, 3, 0, 3, outcome.Error), Counts(keeper.Rotation));
        Assert.Contains("the secret in the endpoint itself opens with none", outcome.Error);
    }

    [Fact]
    public async Task Secrets_that_are_not_bound_are_told_once_and_a_rotation_binds_them_without_a_new_key_too()
    {
        await PutSecretsAsync(250, OldRing, SecretFormat.AesGcm);
        await PutEndpointAsync(250);
        var keeper = _bed.Keeper(OldRing, SecretFormat.AesGcmBound);
        await keeper.MigrateAsync();
        await keeper.MigrateAsync();
        var told = _bed.LogText().Split('\n').Where(static line => line.Contains("are not bound to their destination", StringComparison.Ordinal)).ToList();
        Assert.Contains("link-client rotate-encryption-key binds them count=250", Assert.Single(told), StringComparison.Ordinal);

        Assert.Equal(OutcomeStatus.Done, (await keeper.RotateAsync(false)).Status);
        Assert.Equal((false, 250, 250, 0, null), Counts(keeper.Rotation));
        var data = await _bed.Store.ReadAsync(CancellationToken.None);
        Assert.All(data.Secrets.Values, static secret => Assert.Equal(SecretType.AesGcmBound, secret.Record!.Sealed.Type));
        Assert.Contains("\"H249\":\"value 249\"", RecordedDump.Reveal(_bed.Host, data.Endpoints[0], data.Secrets, OldRing), StringComparison.Ordinal);
        await _bed.Keeper(OldRing, SecretFormat.AesGcmBound).MigrateAsync();
        Assert.Single(_bed.LogText().Split('\n'), static line => line.Contains("are not bound to their destination", StringComparison.Ordinal));

        // Now nothing is left to do, and etcd's word alone does not bind them to something else.
        Assert.Equal(OutcomeStatus.Conflict, (await keeper.RotateAsync(false)).Status);
        await PutEndpointAsync(250, "https://evil.example");
        Assert.Equal(OutcomeStatus.Conflict, (await _bed.Keeper(BothRing, SecretFormat.AesGcmBound).RotateAsync(true)).Status);
        Assert.Equal(data.Secrets.Values.Select(static secret => secret.ModRevision), (await _bed.Store.ReadAsync(CancellationToken.None)).Secrets.Values.Select(static secret => secret.ModRevision));
    }

    [Fact]
    public async Task What_an_agent_has_loaded_counts_and_not_what_somebody_has_written_since()
    {
        await PutSecretsAsync(2, OldRing, SecretFormat.AesGcm);
        await PutEndpointAsync(2);
        _bed.Loaded = (await _bed.Store.ReadAsync(CancellationToken.None)).Endpoints.ToDictionary(static endpoint => endpoint.Record!.Id, static endpoint => endpoint.Record!);
        await PutEndpointAsync(2, "https://evil.example");
        var outcome = await _bed.Keeper(BothRing, SecretFormat.AesGcmBound).RotateAsync(false);
        Assert.Contains("has another destination in etcd than when this agent started", outcome.Error);
        Assert.Equal("\"value 1\"", await _bed.OpenAsync(Vip, "sec-1", OldRing));
        await PutEndpointAsync(2);
        Assert.Equal(OutcomeStatus.Done, (await _bed.Keeper(BothRing, SecretFormat.AesGcmBound).RotateAsync(false)).Status);
    }

    [Fact]
    public async Task A_second_rotation_while_one_runs_is_refused()
    {
        await PutSecretsAsync(1, OldRing);
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _bed.AfterRead = _ => gate.Task;
        var keeper = _bed.Keeper(BothRing);
        var first = keeper.RotateAsync(false);
        Assert.True(keeper.Rotation.Running);
        var second = await keeper.RotateAsync(true).WaitAsync(Patience);
        Assert.Equal((OutcomeStatus.Conflict, "a rotation of this host's secrets is under way"), (second.Status, second.Error));
        Assert.True(keeper.Rotation.Running);
        gate.SetResult();
        Assert.Equal(OutcomeStatus.Done, (await first.WaitAsync(Patience)).Status);
        Assert.Equal(OutcomeStatus.Done, (await keeper.RotateAsync(false)).Status);
    }

    [Fact]
    public async Task What_a_crash_half_way_left_is_finished_by_the_next_rotation()
    {
        await PutSecretsAsync(250, OldRing);
        var data = await _bed.Store.ReadAsync(CancellationToken.None);
        await _bed.Store.RotateAsync(RotationPlan.Make(_bed.Host, data, BothRing, SecretFormat.AesGcm, RecordedDump.SecretsOf, _bed.Loaded).ToBatches()[0], CancellationToken.None);
        var half = await _bed.ReadAllAsync();
        Assert.Equal(100, half.Values.Count(static pair => pair.Version == 2));
        var keeper = _bed.Keeper(BothRing);
        Assert.Equal(OutcomeStatus.Done, (await keeper.RotateAsync(false)).Status);
        Assert.Equal((false, 250, 250, 0, null), Counts(keeper.Rotation));
        Assert.All((await _bed.ReadAllAsync()).Values, static pair => Assert.Equal(2, pair.Version));
    }

    [Fact]
    public async Task What_another_writes_meanwhile_is_kept_and_rotated_after_it()
    {
        await PutSecretsAsync(3, OldRing);
        _bed.AfterRead = number => number == 2 ? _bed.PutSecretAsync(Vip, "sec-1", "\"theirs\"", OldRing) : Task.CompletedTask;
        Assert.Equal(OutcomeStatus.Done, (await _bed.Keeper(BothRing).RotateAsync(false)).Status);
        Assert.Equal("\"theirs\"", await _bed.OpenAsync(Vip, "sec-1", NewRing));
    }

    [Fact]
    public async Task One_that_is_written_all_the_time_ends_the_rotation_with_the_reason()
    {
        await PutSecretsAsync(3, OldRing);
        _bed.AfterRead = _ => _bed.PutSecretAsync(Vip, "sec-1", "\"theirs\"", OldRing);
        var outcome = await _bed.Keeper(BothRing).RotateAsync(false);
        Assert.Equal((OutcomeStatus.Conflict, "1 secrets are written by somebody else all the time: rotate again"), (outcome.Status, outcome.Error));
        Assert.Equal("\"value 2\"", await _bed.OpenAsync(Vip, "sec-2", NewRing));
    }

    [Fact]
    public async Task Without_etcd_it_says_how_far_it_came_and_can_be_repeated()
    {
        await PutSecretsAsync(3, OldRing);
        _bed.AfterRead = number =>
        {
            if (number == 2)
                _bed.Etcd.Members[0].Stop();
            return Task.CompletedTask;
        };
        var keeper = _bed.Keeper(BothRing);
        var outcome = await keeper.RotateAsync(false);
        Assert.Equal(OutcomeStatus.Unavailable, outcome.Status);
        Assert.EndsWith("0 of 3 secrets are under the current key: rotate again when etcd answers", outcome.Error, StringComparison.Ordinal);
        Assert.False(keeper.Rotation.Running);
        _bed.Etcd.Members[0].Start();
        await _bed.Etcd.Members[0].WaitUntilHealthyAsync();
        Assert.Equal(OutcomeStatus.Done, (await keeper.RotateAsync(false)).Status);
    }

    [Fact]
    public async Task A_thousand_secrets_take_few_requests_and_the_count_of_those_done_only_grows()
    {
        const int count = 1000;
        await PutSecretsAsync(count, OldRing);
        await PutEndpointAsync(count);
        var keeper = _bed.Keeper(BothRing, SecretFormat.AesGcmBound);
        int before = await _bed.TransactionsAsync();
        long start = Stopwatch.GetTimestamp();
        var rotation = Task.Run(() => keeper.RotateAsync(false), TestContext.Current.CancellationToken);
        var seen = new List<int>();
        while (!rotation.IsCompleted)
        {
            if (keeper.Rotation is { Total: count } now && (seen.Count == 0 || seen[^1] != now.Done))
                seen.Add(now.Done);
            await Task.Yield();
        }

        var outcome = await rotation;
        var elapsed = Stopwatch.GetElapsedTime(start);
        int requests = await _bed.TransactionsAsync() - before;
        output.WriteLine($"{count} secrets: {requests} requests, {elapsed.TotalMilliseconds:0} ms; seen done: {string.Join(' ', seen)}");
        Assert.Equal(OutcomeStatus.Done, outcome.Status);
        Assert.InRange(requests, 1, 20);
        Assert.Equal(seen.Order(), seen);
        Assert.Equal((false, count, count, 0, null), Counts(keeper.Rotation));
        var data = await _bed.Store.ReadAsync(CancellationToken.None);
        Assert.Contains("\"H999\":\"value 999\"", RecordedDump.Reveal(_bed.Host, data.Endpoints[0], data.Secrets, NewRing), StringComparison.Ordinal);
    }

    /// <summary>With the first secrets of <see cref="PutSecretsAsync"/> as its headers.</summary>
    private Task PutEndpointAsync(int secrets, string url = "https://lb.example")
    {
        var headers = string.Join(',', Enumerable.Range(0, secrets).Select(static i => $$"""
            "H{{i}}":{"id":"sec-{{i}}","endpoint_id":"vip-1"}
            """));
        return _bed.Client.PutAsync(KeyLayout.Endpoint(_bed.Host, Vip), $$$$"""{"id":"vip-1","ip":"","healthcheck_interval":0,"plugin":"webhook","plugin_config":{"url":"{{{{url}}}}","headers":{{{{{headers}}}}}}}""");
    }

    private async Task PutSecretsAsync(int count, KeyRing ring, SecretFormat format = SecretFormat.AesCfbSha512) =>
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) => await _bed.PutSecretAsync(Vip, $"sec-{i}", $"\"value {i}\"", ring, format));

    private static (bool, int, int, int, string?) Counts(RotationSnapshot rotation) => (rotation.Running, rotation.Total, rotation.Done, rotation.Failed, rotation.Error);
}
