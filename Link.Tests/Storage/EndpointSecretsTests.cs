using System.Text;
using Link.Core.Secrets;
using Link.Core.Storage;
using Xunit;

namespace Link.Tests.Storage;

public sealed class EndpointSecretsTests
{
    private const string Host = "web-1";
    private const string Id = "vip-1";
    private static readonly string[] WebhookPaths = ["secret", "headers.*"];
    private static readonly PluginSecrets Webhook = RecordedDump.SecretsOf("webhook")!;
    private static readonly KeyRing Ring = new(new Secret("the-current-key-0123456789abcdef0123"), []);
    private static readonly KeyRing NoKey = new(null, []);

    public static TheoryData<string, string> Configs => new()
    {
        { "secret,headers.*", """{"url":"http://a/?b=1\u0026c=2","headers":{"Authorization":"Bearer \"x\"","X.Y":"grün","Empty":""},"secret":"s\u00e9cret","resource_id":"r"}""" },
        { "secret,headers.*", """{"url":"u","secret":"s","resource_id":"r"}""" },
        { "access_key,secret_key", """{"access_key":"A","secret_key":"B","region":"eu-west-2","public_ip_id":"eipalloc-1","nic_id":"eni-1"}""" },
        { "", """{"ip":"10.0.0.1/32"}""" },
    };

    [Theory]
    [MemberData(nameof(Configs))]
    public void A_configuration_is_sealed_and_opened_with_its_fields_in_their_order(string fields, string config)
    {
        var plugin = new PluginSecrets("any", fields.Length == 0 ? [] : fields.Split(','), ["url", "region", "ip"]);
        foreach (var format in Enum.GetValues<SecretFormat>())
        {
            var (stored, puts, faults) = EndpointSecrets.Seal(Host, Id, config, plugin, Ring, format);
            Assert.Empty(faults);
            Assert.All(puts, put => Assert.Equal((KeyLayout.Secret(Host, Id, put.Record.Id), Id, SecretType.Of(format)), (put.Key, put.Record.EndpointId, put.Record.Sealed.Type)));
            Assert.All(puts, put => Assert.Contains($$"""{"id":"{{put.Record.Id}}","endpoint_id":"vip-1"}""", stored));
            Assert.Equal(puts.Count, puts.Select(static put => put.Record.Id).Distinct().Count());
            Assert.Equal(config, Open(stored!, plugin, Secrets(puts)).Config?.Reveal());
        }
    }

    [Fact]
    public void What_is_stored_has_no_secret_in_clear()
    {
        var (stored, puts, _) = EndpointSecrets.Seal(Host, Id, """{"url":"u","headers":{"A":"planted-1"},"secret":"planted-2"}""", Webhook, Ring, SecretFormat.AesCfbSha512);
        Assert.DoesNotContain("planted", stored);
        Assert.All(puts, static put => Assert.DoesNotContain("planted", Encoding.UTF8.GetString(put.Record.Write())));
        Assert.DoesNotContain("planted", EndpointSecrets.ForDisplay(stored!, WebhookPaths));
    }

    [Fact]
    public void A_null_is_no_secret()
    {
        var (stored, puts, faults) = EndpointSecrets.Seal(Host, Id, """{"secret":null,"headers":{"A":null}}""", Webhook, NoKey, SecretFormat.AesGcm);
        Assert.Equal(("""{"secret":null,"headers":{"A":null}}""", 0, 0), (stored, puts.Count, faults.Count));
        Assert.Equal(stored, Open(stored!, Webhook, Secrets([])).Config?.Reveal());
    }

    [Fact]
    public void Without_a_key_every_secret_field_is_a_fault_that_says_what_to_set()
    {
        var (stored, puts, faults) = EndpointSecrets.Seal(Host, Id, """{"url":"u","headers":{"A":"planted"},"secret":"planted"}""", Webhook, NoKey, SecretFormat.AesGcm);
        Assert.Null(stored);
        Assert.Empty(puts);
        Assert.Equal(["headers.A", "secret"], faults.Select(static fault => fault.Field));
        Assert.All(faults, static fault => Assert.Contains("SECRET_STORAGE_ENCRYPTION_KEY", fault.Message));
        Assert.All(faults, static fault => Assert.DoesNotContain("planted", fault.ToString()));
    }

    [Fact]
    public void Values_that_are_no_text_are_told_all_at_once_and_not_shown()
    {
        var faults = EndpointSecrets.Seal(Host, Id, """{"headers":["planted"],"secret":{"a":"planted"}}""", Webhook, Ring, SecretFormat.AesGcm).Faults;
        Assert.Equal(["headers: is not an object", "secret: is not a string"], faults.Select(static fault => fault.ToString()));
        Assert.Equal(["plugin_config is not a JSON object"], EndpointSecrets.Seal(Host, Id, "[\"planted\"", Webhook, Ring, SecretFormat.AesGcm).Faults.Select(static fault => fault.ToString()));
    }

    [Theory]
    [InlineData("""{"url":"u","secret":"planted","headers":{"A":"planted","B":null}}""", """{"url":"u","secret":"***","headers":{"A":"***","B":null}}""")]
    [InlineData("""{"secret":{"id":"sec-1","endpoint_id":""},"headers":{"A":{"id":"sec-2","endpoint_id":"vip-1"}}}""", """{"secret":"***","headers":{"A":"***"}}""")]
    [InlineData("""{"secret":{"type":"aes-cfb","data":"00"}}""", """{"secret":"***"}""")]
    [InlineData("""{"secret":["planted"],"headers":"planted"}""", """{"secret":"***","headers":"***"}""")]
    [InlineData("""{"secret":7,"headers":[{"A":"planted"}]}""", """{"secret":"***","headers":"***"}""")]
    [InlineData("""["planted"]""", "{}")]
    [InlineData("""{"secret":"planted""", "{}")]
    public void For_display_every_form_of_a_secret_is_masked(string stored, string shown) => Assert.Equal(shown, EndpointSecrets.ForDisplay(stored, WebhookPaths));

    [Theory]
    [InlineData("""{"secret":{"id":"sec-9","endpoint_id":""}}""", "secret: the secret /link/secrets/hosts/web-1//sec-9 is not in etcd: create the endpoint anew, or restore the key from a backup")]
    [InlineData("""{"secret":{"id":"sec-9","endpoint_id":"vip-1"}}""", "secret: the secret /link/secrets/hosts/web-1/vip-1/sec-9 is not in etcd: create the endpoint anew, or restore the key from a backup")]
    [InlineData("""{"secret":{"id":"","endpoint_id":""}}""", "secret: refers to no secret")]
    [InlineData("""{"secret":{}}""", "secret: refers to no secret")]
    [InlineData("""{"secret":7}""", "secret: is neither a secret nor a reference to one")]
    [InlineData("""{"secret":{"id":7}}""", "secret: field id is not a string")]
    [InlineData("""{"secret":{"type":"aes-cfb","data":"zz"}}""", "secret: the secret in the endpoint itself is damaged: its data is not what type aes-cfb has; restore the key from a backup, or create the endpoint anew")]
    [InlineData("""{"secret":{"type":"future","data":"00"}}""", "secret: the secret in the endpoint itself has a type that this version does not know: update this agent")]
    public void What_cannot_be_had_is_told_with_its_field_its_key_and_what_to_do(string stored, string fault)
    {
        var opened = Open(stored, Webhook, Secrets([]));
        Assert.Null(opened.Config);
        Assert.Equal([fault], opened.Faults.Select(static one => one.ToString()));
    }

    [Fact]
    public void A_lost_key_a_missing_key_and_a_future_type_are_three_different_things()
    {
        var host = new StoredHost(Host);
        host.PutSecret("sec-1", "\"s\"", Ring, Id, SecretFormat.AesGcm);
        const string config = """{"secret":{"id":"sec-1","endpoint_id":"vip-1"}}""";
        var other = new KeyRing(new Secret("another-key-0123456789abcdef01234567"), [new Secret("and-another-0123456789abcdef01234567")]);
        Assert.Contains("sec-1 opens with none of this host's keys (tried 2): add the key", Fault(host, other));
        Assert.Contains("sec-1 is encrypted and this host has no key: set SECRET_STORAGE_ENCRYPTION_KEY", Fault(host, NoKey));
        host.Put(KeyLayout.Secret(Host, Id, "sec-1"), """{"id":"sec-1","endpoint_id":"vip-1","type":"aes-512","data":"00"}""");
        Assert.Contains("has the type \"aes-512\", which this version does not know", Fault(host, Ring));
        host.Put(KeyLayout.Secret(Host, Id, "sec-1"), "[]");
        Assert.Contains("/link/secrets/hosts/web-1/vip-1/sec-1: is not a JSON object", Fault(host, Ring));

        string Fault(StoredHost stored, KeyRing ring) => Assert.Single(EndpointSecrets.Open(Host, Id, config, Webhook, stored.Secrets, ring).Faults).ToString();
    }

    [Fact]
    public void A_secret_of_another_endpoint_does_not_open_here()
    {
        var host = new StoredHost(Host);
        host.PutSecret("sec-1", "\"theirs\"", Ring, "vip-2", SecretFormat.AesGcm);
        host.Put(KeyLayout.Secret(Host, Id, "sec-1"), host[KeyLayout.Secret(Host, "vip-2", "sec-1")]!);
        Assert.Null(EndpointSecrets.Open(Host, Id, """{"secret":{"id":"sec-1","endpoint_id":"vip-1"}}""", Webhook, host.Secrets, Ring).Config);
        Assert.Null(EndpointSecrets.Open(Host, Id, """{"secret":{"id":"sec-1","endpoint_id":"vip-2"}}""", Webhook, host.Secrets, Ring).Config);
        Assert.NotNull(EndpointSecrets.Open(Host, "vip-2", """{"secret":{"id":"sec-1","endpoint_id":"vip-2"}}""", Webhook, host.Secrets, Ring).Config);
    }

    [Fact]
    public void A_secret_that_is_no_text_is_a_fault()
    {
        var host = new StoredHost(Host);
        host.PutSecret("sec-1", """{"planted":1}""", Ring);
        var opened = EndpointSecrets.Open(Host, Id, """{"secret":{"id":"sec-1","endpoint_id":""}}""", Webhook, host.Secrets, Ring);
        Assert.Equal("secret: the secret /link/secrets/hosts/web-1//sec-1 opens but is not text: create the endpoint anew", Assert.Single(opened.Faults).ToString());
    }

    [Fact]
    public void All_that_an_endpoint_refers_to_is_known_also_what_does_not_open()
    {
        var host = new StoredHost(Host);
        host.PutSecret("sec-1", "\"a\"", Ring);
        host.PutSecret("sec-2", "\"b\"", Ring, Id);
        host.Put(KeyLayout.Secret(Host, Id, "sec-3"), "odd");
        const string config =
            """{"secret":{"id":"sec-1","endpoint_id":""},"headers":{"A":{"id":"sec-2","endpoint_id":"vip-1"},"B":{"id":"sec-3","endpoint_id":""},"C":{"id":"sec-4","endpoint_id":""},"D":{"id":"sec-2","endpoint_id":"vip-1"}}}""";
        Assert.Equal(["/link/secrets/hosts/web-1//sec-1", "/link/secrets/hosts/web-1/vip-1/sec-2", "/link/secrets/hosts/web-1/vip-1/sec-3"],
            EndpointSecrets.Referenced(Host, Id, config, WebhookPaths, host.Secrets).Select(static secret => secret.Key));
    }

    private static OpenedConfig Open(string stored, PluginSecrets plugin, IReadOnlyDictionary<string, Stored<SecretRecord>> secrets) => EndpointSecrets.Open(Host, Id, stored, plugin, secrets, Ring);

    private static IReadOnlyDictionary<string, Stored<SecretRecord>> Secrets(IReadOnlyList<SecretPut> puts)
    {
        var host = new StoredHost(Host);
        foreach (var put in puts)
            host.Put(put.Key, Encoding.UTF8.GetString(put.Record.Write()));
        return host.Secrets;
    }
}
