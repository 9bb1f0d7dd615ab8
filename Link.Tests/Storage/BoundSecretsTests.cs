using System.Text;
using Link.Core.Secrets;
using Link.Core.Storage;
using Xunit;

namespace Link.Tests.Storage;

/// <summary>What somebody who can write etcd tries, to have a secret sent elsewhere.</summary>
public sealed class BoundSecretsTests
{
    private const string Host = "web-1";
    private const string Id = "vip-1";
    private const string Plain = """{"url":"https://lb.example/vip","headers":{"X-Token":"planted-token"},"secret":"planted","resource_id":"front"}""";
    private static readonly PluginSecrets Webhook = RecordedDump.SecretsOf("webhook")!;
    private static readonly PluginSecrets Exec = new("exec", ["environment.*"], ["command", "ip", "resource_id"]);
    private static readonly Secret Old = new("the-old-key-0123456789abcdef01234567");
    private static readonly Secret New = new("the-new-key-0123456789abcdef01234567");
    private static readonly KeyRing Ring = new(Old, []);
    private static readonly KeyRing BothRing = new(New, [Old]);
    private static readonly KeyRing NewRing = new(New, []);

    private readonly StoredHost _host = new(Host);

    public static TheoryData<string, string> Changes => new()
    {
        { "https://lb.example/vip", "https://evil.example/vip" },
        { "https://lb.example/vip", "http://lb.example/vip" },
        { "https://lb.example/vip", "https://lb.example:8443/vip" },
        { "https://lb.example/vip", "https://lb.example/another-tenant" },
        { "https://lb.example/vip", "https://lb.example@evil.example/vip" },
        { "\"front\"", "\"back\"" },
        { "\"resource_id\"", "\"ca\":\"-----BEGIN CERTIFICATE-----\",\"resource_id\"" },
        { "\"headers\":{", "\"headers\":{\"X-Rewrite-URL\":\"https://evil.example/\"," },
        { "\"headers\":{", "\"headers\":{\"X-Mine\":{SECRET}," },
        { "\"X-Token\":", "\"X-Other\":" },
        { "\"headers\":{\"X-Token\":{TOKEN}},", "" },
        { "\"headers\":{\"X-Token\":{TOKEN}},\"secret\":{SECRET}", "\"headers\":{\"X-Token\":{SECRET}},\"secret\":{TOKEN}" },
        { "{TOKEN}", "{SECRET}" },
        { "{SECRET}", "\"known to the attacker\"" },
        { "\"url\"", "\"url\":\"https://evil.example/\",\"x\"" },
        { "\"resource_id\"", "\"url\":\"https://evil.example/\",\"resource_id\"" },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void A_configuration_that_was_changed_in_etcd_opens_nothing_and_says_why(string from, string to)
    {
        string changed = Change(Given(SecretFormat.AesGcmBound), from, to);
        OpenedConfig opened = EndpointSecrets.Open(Host, Id, changed, Webhook, _host.Secrets, Ring);
        Assert.Null(opened.Config);
        Assert.NotEmpty(opened.Faults);
        Assert.All(opened.Faults, static fault => Assert.Contains("delete the endpoint and add it again with its secrets", fault.Message, StringComparison.Ordinal));
        Assert.All(opened.Faults, static fault => Assert.DoesNotContain("planted", fault.ToString(), StringComparison.Ordinal));
        Assert.True(
            opened.Faults.All(static fault => fault.Message.Contains("was given for another destination than etcd has now: plugin, url, ca, resource_id, the names", StringComparison.Ordinal)
                || fault.Message.Contains("somebody has written it there since", StringComparison.Ordinal)), string.Join('\n', opened.Faults));

        // Neither does a migration or a rotation make it good.
        _host.Put(Id, "webhook", changed);
        _host.MigrateAll(BothRing, SecretFormat.AesGcmBound);
        Commit(Plan(BothRing));
        Assert.Null(EndpointSecrets.Open(Host, Id, changed, Webhook, _host.Secrets, BothRing).Config);
        Assert.Null(EndpointSecrets.Open(Host, Id, _host.Endpoints[0].Record!.PluginConfig, Webhook, _host.Secrets, BothRing).Config);
    }

    [Theory]
    [InlineData("\"resource_id\"", "\"on_etcd_loss\":\"hold\",\"resource_id\"")]
    [InlineData("https://lb.example/vip", "https:\\/\\/lb.example\\u002fvip")]
    [InlineData("\"url\"", "\"later\":[1],\"url\"")]
    public void What_decides_nothing_may_change(string from, string to) =>
        Assert.NotNull(EndpointSecrets.Open(Host, Id, Change(Given(SecretFormat.AesGcmBound), from, to), Webhook, _host.Secrets, Ring).Config);

    [Fact]
    public void Another_plugin_gets_nothing()
    {
        string stored = Given(SecretFormat.AesGcmBound);
        string exec = $$$"""{"command":["/usr/local/lib/link/notify"],"resource_id":"front","environment":{"TOKEN":{{{Reference(stored, "secret")}}}}}""";
        Assert.Null(EndpointSecrets.Open(Host, Id, exec, Exec, _host.Secrets, Ring).Config);
        string old = Given(SecretFormat.AesGcm);
        exec = $$$"""{"command":["/usr/local/lib/link/notify"],"resource_id":"front","environment":{"TOKEN":{{{Reference(old, "secret")}}}}}""";
        Assert.NotNull(EndpointSecrets.Open(Host, Id, exec, Exec, _host.Secrets, Ring).Config);
    }

    [Theory]
    [InlineData("/usr/local/lib/link/notify\",\"--to\",\"lb.example", "/usr/local/lib/link/other\",\"--to\",\"lb.example")]
    [InlineData("lb.example", "evil.example")]
    [InlineData("10.0.0.1", "203.0.113.1")]
    [InlineData("\"environment\":{", "\"environment\":{\"HTTPS_PROXY\":\"http://evil.example\",")]
    [InlineData("\"API_URL\":{URL}", "\"API_URL\":\"https://evil.example\"")]
    [InlineData("\"API_URL\":{URL},", "")]
    public void A_program_with_other_arguments_or_variables_gets_nothing(string from, string to)
    {
        const string plain = """{"resource_id":"db","command":["/usr/local/lib/link/notify","--to","lb.example"],"ip":"10.0.0.1","environment":{"API_URL":"https://lb.example","TOKEN":"planted"}}""";
        SealedConfig given = EndpointSecrets.Seal(Host, Id, plain, Exec, Ring, SecretFormat.AesGcmBound);
        Write(given);
        string stored = given.Config!;
        int at = stored.IndexOf("\"API_URL\":", StringComparison.Ordinal) + 10;
        string url = stored[at..(stored.IndexOf('}', at) + 1)];
        string changed = stored.Replace(from.Replace("{URL}", url, StringComparison.Ordinal), to, StringComparison.Ordinal);
        Assert.NotEqual(stored, changed);
        Assert.NotNull(EndpointSecrets.Open(Host, Id, stored, Exec, _host.Secrets, Ring).Config);
        Assert.Null(EndpointSecrets.Open(Host, Id, changed, Exec, _host.Secrets, Ring).Config);
    }

    [Fact]
    public void A_rotation_binds_what_was_not_bound_to_the_destination_that_etcd_has_and_to_the_new_key()
    {
        foreach (var format in new[] { SecretFormat.AesCfbSha512, SecretFormat.AesGcm })
        {
            string stored = Given(format);
            _host.Put(Id, "webhook", stored);
            Assert.Equal(2, _host.Plan(Ring, SecretFormat.AesGcmBound).Unbound);
            RotationPlan plan = Plan(BothRing);
            Assert.Equal((2, 2, 0, 0), (plan.Total, plan.Rotations.Count, plan.Faults.Count, plan.Unused));
            Commit(plan);
            Assert.All(_host.Secrets.Values, static secret => Assert.Equal(SecretType.AesGcmBound, secret.Record!.Sealed.Type));
            Assert.All(_host.Secrets.Values, static secret => Assert.Null(secret.Record!.Sealed.Hash));
            Assert.Equal(Plain, EndpointSecrets.Open(Host, Id, stored, Webhook, _host.Secrets, NewRing).Config!.Reveal());
            Assert.Null(EndpointSecrets.Open(Host, Id, Change(stored, "lb.example", "evil.example"), Webhook, _host.Secrets, NewRing).Config);
            Assert.Empty(Plan(BothRing).Rotations);
            Assert.Equal(0, _host.Plan(NewRing, SecretFormat.AesGcmBound).Unbound);

            // Bound ones stay bound under another key, and by force.
            Assert.Equal(2, Plan(BothRing, all: true).Rotations.Count);
            Commit(Plan(BothRing, all: true));
            Assert.Equal(Plain, EndpointSecrets.Open(Host, Id, stored, Webhook, _host.Secrets, NewRing).Config!.Reveal());
            foreach (string key in _host.SecretKeys)
                _host.Remove(key);
        }
    }

    [Fact]
    public void Without_a_new_key_too_only_the_form_being_old()
    {
        _host.Put(Id, "webhook", Given(SecretFormat.AesGcm));
        Assert.Equal(2, Plan(Ring).Rotations.Count);
    }

    [Fact]
    public void A_rotation_does_not_bind_to_a_destination_that_was_changed_since_the_agent_started()
    {
        string stored = Given(SecretFormat.AesGcm);
        _host.Put(Id, "webhook", stored);
        Dictionary<string, EndpointRecord> loaded = new() { [Id] = _host.Endpoints[0].Record! };
        Assert.Equal(2, Plan(BothRing, loaded).Rotations.Count);
        _host.Put(Id, "webhook", Change(stored, "lb.example", "evil.example"));
        RotationPlan plan = Plan(BothRing, loaded);
        Assert.Equal((2, 0, 2), (plan.Total, plan.Rotations.Count, plan.Faults.Count));
        Assert.All(plan.Faults, static fault => Assert.Contains("has another destination in etcd than when this agent started", fault.Message, StringComparison.Ordinal));
        _host.Put(Id, "exec", stored);
        Assert.Empty(Plan(BothRing, loaded).Rotations);
    }

    [Fact]
    public void One_that_is_bound_and_does_not_open_is_a_fault_of_the_rotation_and_stays_as_it_is()
    {
        _host.Put(Id, "webhook", Change(Given(SecretFormat.AesGcmBound), "lb.example", "evil.example"));
        var before = _host.Secrets.ToDictionary(static pair => pair.Key, static pair => pair.Value.Value);
        foreach (var format in Enum.GetValues<SecretFormat>())
        {
            RotationPlan plan = Plan(BothRing, format: format, all: true);
            Assert.Equal((2, 0, 2), (plan.Total, plan.Rotations.Count, plan.Faults.Count));
            Assert.All(plan.Faults, static fault => Assert.Contains("was given for another destination than etcd has now", fault.Message, StringComparison.Ordinal));
            Commit(plan);
        }

        Assert.Equal(before, _host.Secrets.ToDictionary(static pair => pair.Key, static pair => pair.Value.Value));
    }

    [Fact]
    public void One_that_two_fields_refer_to_is_bound_to_neither()
    {
        string stored = Given(SecretFormat.AesGcm);
        _host.Put(Id, "webhook", Change(stored, "\"headers\":{", "\"headers\":{\"X-Mine\":{SECRET},"));
        RotationPlan plan = Plan(BothRing);
        Assert.Equal((2, 1, 1), (plan.Total, plan.Rotations.Count, plan.Faults.Count));
        Assert.Contains("headers.X-Mine of vip-1 and secret of vip-1 refer to it, and it can be bound to one field only", plan.Faults[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_of_no_endpoint_is_bound_to_none_nor_encrypted_for_anybody_who_would_refer_to_it()
    {
        _host.PutSecret("sec-1", "\"x\"", Ring, Id);
        _host.PutSecret("sec-2", "\"x\"", Ring);
        RotationPlan plan = Plan(BothRing);
        Assert.Equal((0, 0, 0, 2), (plan.Total, plan.Rotations.Count, plan.Faults.Count, plan.Unused));

        // An endpoint that takes the record out and puts it back later finds the secret as it was.
        string stored = Given(SecretFormat.AesGcmBound);
        Assert.Equal(4, Plan(BothRing).Unused);
        _host.Put(Id, "webhook", stored);
        Assert.Equal((2, 2), (Plan(BothRing).Rotations.Count, Plan(BothRing).Unused));
    }

    [Fact]
    public void One_whose_endpoint_cannot_be_read_is_a_fault()
    {
        _host.PutSecret("sec-1", "\"x\"", Ring, "vip-2");
        _host.Put("vip-2", "later", """{"x":{"id":"sec-1","endpoint_id":"vip-2"}}""");
        Assert.Contains("belongs to an endpoint that this agent cannot read", Assert.Single(Plan(BothRing).Faults).Message, StringComparison.Ordinal);
        Assert.Single(Plan(BothRing, format: SecretFormat.AesGcm).Rotations);
    }

    [Fact]
    public void Another_endpoint_that_refers_to_a_secret_does_not_count()
    {
        string stored = Given(SecretFormat.AesCfbSha512);
        _host.Put(Id, "webhook", stored);
        _host.Put("vip-2", "webhook", Change(stored, "lb.example", "evil.example").Replace("front", "back", StringComparison.Ordinal));
        Commit(Plan(BothRing));
        Assert.Equal(Plain, EndpointSecrets.Open(Host, Id, stored, Webhook, _host.Secrets, NewRing).Config!.Reveal());
        Assert.Null(EndpointSecrets.Open(Host, "vip-2", _host.Endpoints[1].Record!.PluginConfig, Webhook, _host.Secrets, NewRing).Config);
    }

    [Fact]
    public void For_the_way_back_bound_ones_become_LinKs_or_those_of_version_1_0_again()
    {
        string stored = Given(SecretFormat.AesGcmBound);
        _host.Put(Id, "webhook", stored);
        foreach (var format in new[] { SecretFormat.AesCfbSha512, SecretFormat.AesGcm, SecretFormat.AesGcmBound })
        {
            Commit(Plan(Ring, format: format));
            Assert.All(_host.Secrets.Values, secret => Assert.Equal(SecretType.Of(format), secret.Record!.Sealed.Type));
            Assert.All(_host.Secrets.Values, secret => Assert.Equal(format == SecretFormat.AesGcmBound, secret.Record!.Sealed.KeyId != null));
            Assert.Equal(Plain, EndpointSecrets.Open(Host, Id, stored, Webhook, _host.Secrets, Ring).Config!.Reveal());
        }
    }

    [Fact]
    public void An_old_form_that_is_put_back_opens_until_its_key_is_gone_or_only_bound_ones_are_wanted()
    {
        string stored = Given(SecretFormat.AesGcm);
        _host.Put(Id, "webhook", stored);
        var copies = _host.Secrets.ToDictionary(static pair => pair.Key, static pair => Encoding.UTF8.GetString(pair.Value.Value.Span));
        Commit(Plan(BothRing));
        foreach ((string key, string copy) in copies)
            _host.Put(key, copy);
        string changed = Change(stored, "lb.example", "evil.example");
        Assert.NotNull(EndpointSecrets.Open(Host, Id, changed, Webhook, _host.Secrets, BothRing).Config);
        Assert.Null(EndpointSecrets.Open(Host, Id, changed, Webhook, _host.Secrets, NewRing).Config);
        OpenedConfig strict = EndpointSecrets.Open(Host, Id, changed, Webhook, _host.Secrets, new KeyRing(New, [Old], requiresBound: true));
        Assert.Null(strict.Config);
        Assert.All(strict.Faults, static fault => Assert.Contains("has type aes-256-gcm, which is not bound to its destination, and SECRET_STORAGE_REQUIRE_BOUND refuses such", fault.Message, StringComparison.Ordinal));
        Assert.Equal(2, Plan(new KeyRing(New, [Old], requiresBound: true)).Faults.Count);
    }

    [Fact]
    public void Where_only_bound_ones_are_wanted_clear_text_is_refused_and_not_encrypted_either()
    {
        var strict = new KeyRing(New, [], requiresBound: true);
        Assert.Contains("SECRET_STORAGE_REQUIRE_BOUND refuses", Assert.Single(EndpointSecrets.Open(Host, Id, """{"url":"u","secret":"x"}""", Webhook, _host.Secrets, strict).Faults).Message, StringComparison.Ordinal);
        _host.Put(Id, "webhook", """{"url":"u","secret":"x"}""");
        Assert.Empty(_host.Plan(strict, SecretFormat.AesGcmBound).Migrations);
    }

    [Fact]
    public void Clear_text_is_encrypted_at_once_and_more_than_a_transaction_takes_is_told()
    {
        string headers = string.Join(',', Enumerable.Range(0, 119).Select(static i => $"\"H{i}\":\"planted\""));
        _host.Put(Id, "webhook", $$$"""{"url":"u","secret":"planted","headers":{{{{headers}}}}}""");
        Assert.Equal(1, _host.MigrateAll(Ring, SecretFormat.AesGcmBound));
        Assert.Equal(120, _host.Secrets.Count);
        Assert.DoesNotContain("planted", _host[KeyLayout.Endpoint(Host, Id)], StringComparison.Ordinal);
        Assert.NotNull(EndpointSecrets.Open(Host, Id, _host.Endpoints[0].Record!.PluginConfig, Webhook, _host.Secrets, Ring).Config);

        _host.Put("vip-2", "webhook", $$$"""{"url":"u","secret":"planted","headers":{{{{headers}}},"another":"planted"}}""");
        MigrationPlan plan = _host.Plan(Ring, SecretFormat.AesGcmBound);
        Assert.Contains("has 121 secrets in clear, more than one transaction takes", Assert.Single(plan.Faults).ToString(), StringComparison.Ordinal);
    }

    private string Given(SecretFormat format)
    {
        SealedConfig given = EndpointSecrets.Seal(Host, Id, Plain, Webhook, Ring, format);
        Write(given);
        Assert.Equal(Plain, EndpointSecrets.Open(Host, Id, given.Config!, Webhook, _host.Secrets, Ring).Config!.Reveal());
        return given.Config!;
    }

    private void Write(SealedConfig given)
    {
        foreach (SecretPut put in given.Secrets)
            _host.Put(put.Key, Encoding.UTF8.GetString(put.Record.Write()));
    }

    private static string Change(string stored, string from, string to)
    {
        string changed = stored.Replace(Fill(from), Fill(to), StringComparison.Ordinal);
        Assert.NotEqual(stored, changed);
        return changed;

        string Fill(string text) =>
            text.Replace("{SECRET}", Reference(stored, "secret"), StringComparison.Ordinal).Replace("{TOKEN}", Reference(stored, "X-Token"), StringComparison.Ordinal);
    }

    private static string Reference(string stored, string field)
    {
        int at = stored.IndexOf($"\"{field}\":", StringComparison.Ordinal) + field.Length + 3;
        return stored[at..(stored.IndexOf('}', at) + 1)];
    }

    private RotationPlan Plan(
        KeyRing ring, IReadOnlyDictionary<string, EndpointRecord>? loaded = null, SecretFormat format = SecretFormat.AesGcmBound, bool all = false) =>
        RotationPlan.Make(Host, _host.Data, ring, format, static plugin => plugin == "exec" ? Exec : RecordedDump.SecretsOf(plugin), loaded ?? new Dictionary<string, EndpointRecord>(), all);

    private void Commit(RotationPlan plan)
    {
        foreach (RotationBatch batch in plan.ToBatches())
            Assert.True(_host.TryCommit(batch.ToTransaction()));
    }
}
