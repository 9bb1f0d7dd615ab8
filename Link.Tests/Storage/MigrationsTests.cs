using Link.Core.Secrets;
using Link.Core.Storage;
using Xunit;

namespace Link.Tests.Storage;

public sealed class MigrationsTests
{
    private const string Host = "web-1";
    private static readonly KeyRing Ring = new(new Secret("the-current-key-0123456789abcdef0123"), []);
    private static readonly KeyRing OtherRing = new(new Secret("another-key-0123456789abcdef01234567"), []);
    private static readonly KeyRing NoKey = new(null, []);

    private readonly StoredHost _host = new(Host);

    public static TheoryData<string> Versions => [.. RecordedDump.Versions];

    [Theory]
    [MemberData(nameof(Versions))]
    public void Every_old_form_becomes_the_present_one_and_a_second_run_finds_nothing(string version)
    {
        var dump = RecordedDump.Load(version);
        foreach (var format in Enum.GetValues<SecretFormat>())
        {
            var host = StoredHost.Of(dump);
            Assert.Equal(1, host.MigrateAll(dump.Ring, format));
            Assert.Equal(dump.Clear, host.Reveal(dump.Ring));
            Assert.All(host.Endpoints, static endpoint => Assert.Equal((false, 0), (endpoint.Record!.IsOldForm, endpoint.Record.LeaseId)));
            Assert.All(host.Secrets.Values, static secret => Assert.NotEqual("", secret.Record!.EndpointId));
            Assert.Equal(host.SecretKeys, host.Endpoints.SelectMany(endpoint => Referenced(host, endpoint)).Order(StringComparer.Ordinal));
            Assert.Empty(host.Plan(dump.Ring, format).Unreferenced);
            Assert.Empty(host.Plan(dump.Ring, format).Faults);
        }
    }

    [Theory]
    [InlineData("3.1")]
    [InlineData("3.3")]
    public void A_secret_of_LinKs_moves_and_stays_as_LinK_encrypted_it(string version)
    {
        var dump = RecordedDump.Load(version);
        var host = StoredHost.Of(dump);
        host.MigrateAll(dump.Ring);
        Assert.Equal(dump.Secrets.Values.Select(static secret => secret.Record!.Sealed).OrderBy(static one => one.Data), host.Secrets.Values.Select(static secret => secret.Record!.Sealed).OrderBy(static one => one.Data));
    }

    [Fact]
    public void What_stood_in_the_endpoint_is_encrypted_anew_in_the_format_that_is_set()
    {
        var dump = RecordedDump.Load("3.0");
        foreach (var format in Enum.GetValues<SecretFormat>())
        {
            var host = StoredHost.Of(dump);
            host.MigrateAll(dump.Ring, format);
            Assert.Equal([SecretType.Of(format), SecretType.Of(format)], host.Secrets.Values.Select(static secret => secret.Record!.Sealed.Type));
        }
    }

    [Fact]
    public void A_value_that_somebody_wrote_in_clear_is_encrypted()
    {
        _host.Put("vip-1", "webhook", """{"url":"u","secret":"planted","resource_id":"r"}""");
        _host.MigrateAll(Ring);
        Assert.DoesNotContain("planted", _host[KeyLayout.Endpoint(Host, "vip-1")]);
        Assert.Contains("\"secret\":\"planted\"", _host.Reveal(Ring)["vip-1"]);
    }

    [Theory]
    [InlineData("3.0", 1)]
    [InlineData("3.3", 2)]
    public void With_a_lost_key_or_none_the_endpoints_with_secrets_stay_byte_for_byte_and_are_named(string version, int withSecrets)
    {
        var dump = RecordedDump.Load(version);
        foreach (var ring in (KeyRing[])[OtherRing, NoKey])
        {
            var plan = StoredHost.Of(dump).Plan(ring);
            Assert.Empty(plan.Migrations);
            Assert.Equal(withSecrets, plan.Faults.Count);
            Assert.All(plan.Faults, fault => Assert.StartsWith($"/link/hosts/db-7/vip-", fault.ToString(), StringComparison.Ordinal));
            Assert.All(plan.Faults, fault => Assert.Contains(ring.HasKey ? "SECRET_STORAGE_ALTERNATE_KEYS" : "SECRET_STORAGE_ENCRYPTION_KEY", fault.ToString(), StringComparison.Ordinal));
            Assert.Equal(version == "3.0" ? [2] : [0, 0], plan.Faults.Select(static fault => fault.SecretsInside));
        }
    }

    [Fact]
    public void One_secret_that_does_not_open_keeps_its_endpoint_as_it_is_and_no_other()
    {
        _host.PutSecret("sec-1", "\"a\"", Ring);
        _host.PutSecret("sec-2", "\"b\"", OtherRing);
        _host.PutSecret("sec-3", "\"c\"", Ring);
        _host.Put("vip-1", "outscale_public_ip", """{"access_key":{"id":"sec-1","endpoint_id":""},"secret_key":{"id":"sec-2","endpoint_id":""}}""");
        _host.Put("vip-2", "webhook", """{"secret":{"id":"sec-3","endpoint_id":""}}""");
        _host.MigrateAll(Ring);
        Assert.Equal([Key("", "sec-1"), Key("", "sec-2"), Key("vip-2", "sec-3")], _host.SecretKeys);
    }

    [Fact]
    public void A_type_of_a_later_version_stays_with_its_endpoint_byte_for_byte()
    {
        _host.Put(Key("", "sec-1"), """{"id":"sec-1","endpoint_id":"","type":"aes-512","data":"00","later":true}""");
        _host.Put("vip-1", "webhook", """{"secret":{"id":"sec-1","endpoint_id":""}}""");
        var plan = _host.Plan(Ring);
        Assert.Empty(plan.Migrations);
        Assert.Contains("\"aes-512\", which this version does not know", Assert.Single(plan.Faults).ToString());
        Assert.Empty(plan.Unreferenced);
    }

    [Fact]
    public void Unknown_plugins_and_records_that_cannot_be_read_are_left_alone_and_so_is_what_they_mention()
    {
        _host.PutSecret("sec-1", "\"a\"", Ring);
        _host.PutSecret("sec-2", "\"b\"", Ring);
        _host.PutSecret("sec-3", "\"c\"", Ring);
        _host.Put("vip-1", "later", """{"x":{"id":"sec-1","endpoint_id":""}}""");
        _host.Put(KeyLayout.Endpoint(Host, "vip-2"), """{"id":"vip-2","plugin_config":{"secret":{"id":"sec-2","endpoint_id":""}""");
        var plan = _host.Plan(Ring);
        Assert.Equal((0, 0), (plan.Migrations.Count, plan.Faults.Count));
        Assert.Equal([Key("", "sec-3")], plan.Unreferenced.Select(static secret => secret.Key));
    }

    [Fact]
    public void What_we_do_not_know_of_an_endpoint_or_a_secret_moves_with_it()
    {
        _host.PutSecret("sec-1", "\"a\"", Ring);
        _host.Put(Key("", "sec-1"), _host[Key("", "sec-1")]![..^1] + ",\"rotated\":{\"at\":7}}");
        _host.Put(KeyLayout.Endpoint(Host, "vip-1"), """{"id":"vip-1","ip":"","healthcheck_interval":0,"plugin":"webhook","plugin_config":{"secret":{"id":"sec-1","endpoint_id":""},"later":[1]},"color":"blue"}""");
        _host.MigrateAll(Ring);
        Assert.EndsWith(",\"rotated\":{\"at\":7}}", _host[Key("vip-1", "sec-1")], StringComparison.Ordinal);
        Assert.Equal("""{"id":"vip-1","ip":"","healthcheck_interval":0,"plugin":"webhook","plugin_config":{"secret":{"id":"sec-1","endpoint_id":"vip-1"},"later":[1]},"color":"blue"}""", _host[KeyLayout.Endpoint(Host, "vip-1")]);
    }

    [Fact]
    public void A_secret_that_endpoints_share_is_copied_to_each_and_goes_with_the_last_one()
    {
        _host.PutSecret("sec-1", "\"a\"", Ring);
        foreach (var id in (string[])["vip-1", "vip-2", "vip-3"])
            _host.Put(id, "webhook", """{"secret":{"id":"sec-1","endpoint_id":""}}""");
        Assert.Equal(3, _host.MigrateAll(Ring));
        Assert.Equal([Key("vip-1", "sec-1"), Key("vip-2", "sec-1"), Key("vip-3", "sec-1")], _host.SecretKeys);
        Assert.All(_host.Reveal(Ring).Values, static record => Assert.Contains("\"secret\":\"a\"", record));
    }

    [Fact]
    public void A_secret_that_an_endpoint_mentions_twice_moves_once()
    {
        _host.PutSecret("sec-1", "\"a\"", Ring);
        _host.Put("vip-1", "outscale_public_ip", """{"access_key":{"id":"sec-1","endpoint_id":""},"secret_key":{"id":"sec-1","endpoint_id":""}}""");
        Assert.Equal(1, _host.MigrateAll(Ring));
        Assert.Equal([Key("vip-1", "sec-1")], _host.SecretKeys);
        Assert.Contains("\"access_key\":\"a\",\"secret_key\":\"a\"", _host.Reveal(Ring)["vip-1"]);
    }

    [Fact]
    public void A_secret_whose_place_is_taken_stays_and_is_named()
    {
        _host.PutSecret("sec-1", "\"a\"", Ring);
        _host.PutSecret("sec-1", "\"b\"", Ring, "vip-1");
        _host.Put("vip-1", "webhook", """{"secret":{"id":"sec-1","endpoint_id":""}}""");
        var plan = _host.Plan(Ring);
        Assert.Empty(plan.Migrations);
        Assert.Contains($"the secret {Key("", "sec-1")} cannot move, because {Key("vip-1", "sec-1")} exists too", Assert.Single(plan.Faults).ToString());
    }

    [Fact]
    public void Ours_under_no_endpoints_id_is_bound_anew_in_the_format_that_is_set()
    {
        foreach (var format in Enum.GetValues<SecretFormat>())
        {
            var host = new StoredHost(Host);
            host.PutSecret("sec-1", "\"a\"", Ring, "", SecretFormat.AesGcm);
            host.Put("vip-1", "webhook", """{"secret":{"id":"sec-1","endpoint_id":""}}""");
            Assert.Contains("\"secret\":\"a\"", host.Reveal(Ring)["vip-1"]);
            host.MigrateAll(Ring, format);
            Assert.Contains("\"secret\":\"a\"", host.Reveal(Ring)["vip-1"]);
            Assert.Equal(SecretType.Of(format), Assert.Single(host.Secrets).Value.Record!.Sealed.Type);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void An_endpoint_with_more_secrets_than_fit_takes_several_rounds_and_works_after_each(bool inside)
    {
        var secrets = Enumerable.Range(0, Migrations.MaxSecretsAtOnce * 2 + 1).ToList();
        foreach (var i in secrets)
            _host.PutSecret($"sec-{i}", $"\"value {i}\"", Ring);
        var stray = _host.Secrets;
        var headers = secrets.Select(i => inside
            ? $$"""
                "H{{i}}":{"type":"aes-cfb","data":"{{stray[Key("", $"sec-{i}")].Record!.Sealed.Data}}"}
                """
            : $$"""
                "H{{i}}":{"id":"sec-{{i}}","endpoint_id":""}
                """);
        _host.Put("vip-1", "webhook", $$$"""{"headers":{{{{string.Join(',', headers).ReplaceLineEndings("")}}}}}""");
        var before = _host.Reveal(Ring)["vip-1"];
        for (var round = 0; round < 3; round++)
        {
            var migration = Assert.Single(_host.Plan(Ring).Migrations);
            var transaction = migration.ToTransaction("key");
            Assert.InRange(transaction.Compare.Count, 1, 128);
            Assert.InRange(transaction.Success.Count, 1, 128);
            Assert.True(_host.TryCommit(migration.ToTransaction()));
            Assert.Equal(before, _host.Reveal(Ring)["vip-1"]);
        }

        Assert.Empty(_host.Plan(Ring).Migrations);
        Assert.Equal(inside ? secrets.Count : 0, _host.Plan(Ring).Unreferenced.Count);
        Assert.Equal(secrets.Count, _host.SecretKeys.Count(static key => key.StartsWith(Key("vip-1", ""), StringComparison.Ordinal)));
    }

    [Fact]
    public void A_change_of_the_endpoint_or_of_a_secret_since_it_was_planned_stops_the_migration()
    {
        _host.PutSecret("sec-1", "\"a\"", Ring);
        _host.Put("vip-1", "webhook", """{"secret":{"id":"sec-1","endpoint_id":""}}""");
        var planned = Assert.Single(_host.Plan(Ring).Migrations).ToTransaction();
        _host.PutSecret("sec-1", "\"b\"", Ring);
        Assert.False(_host.TryCommit(planned));
        planned = Assert.Single(_host.Plan(Ring).Migrations).ToTransaction();
        _host.Put("vip-1", "webhook", """{"url":"new","secret":{"id":"sec-1","endpoint_id":""}}""");
        Assert.False(_host.TryCommit(planned));
        planned = Assert.Single(_host.Plan(Ring).Migrations).ToTransaction();
        Assert.True(_host.TryCommit(planned));
        Assert.False(_host.TryCommit(planned));
        Assert.Contains("\"url\":\"new\",\"secret\":\"b\"", _host.Reveal(Ring)["vip-1"]);
    }

    [Fact]
    public void The_present_form_needs_nothing()
    {
        var (config, puts, _) = EndpointSecrets.Seal(Host, "vip-1", """{"secret":"a","headers":{"B":"b"}}""", RecordedDump.SecretsOf("webhook")!, Ring, SecretFormat.AesGcm);
        _host.Put("vip-1", "webhook", config!);
        foreach (var put in puts)
            _host.Put(put.Key, System.Text.Encoding.UTF8.GetString(put.Record.Write()));
        foreach (var ring in (KeyRing[])[Ring, OtherRing, NoKey])
        {
            var plan = _host.Plan(ring);
            Assert.Equal((0, 0, 0), (plan.Migrations.Count, plan.Faults.Count, plan.Unreferenced.Count));
        }
    }

    private static string Key(string endpointId, string secretId) => KeyLayout.Secret(Host, endpointId, secretId);

    private static IEnumerable<string> Referenced(StoredHost host, Stored<EndpointRecord> endpoint) =>
        EndpointSecrets.Referenced("db-7", endpoint.Record!.Id, endpoint.Record.PluginConfig, RecordedDump.SecretFieldsOf(endpoint.Record.Plugin)!, host.Secrets).Select(static secret => secret.Key);
}
