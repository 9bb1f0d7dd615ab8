using Link.Core.Secrets;
using Link.Core.Storage;
using Xunit;

namespace Link.Tests.Storage;

public sealed class RotationPlanTests
{
    private const string Host = "web-1";
    private static readonly Secret Old = new("the-old-key-0123456789abcdef01234567");
    private static readonly Secret New = new("the-new-key-0123456789abcdef01234567");
    private static readonly KeyRing OldRing = new(Old, []);
    private static readonly KeyRing NewRing = new(New, []);
    private static readonly KeyRing BothRing = new(New, [Old]);

    private static readonly Dictionary<string, EndpointRecord> NothingLoaded = [];

    private readonly StoredHost _host = new(Host);

    [Fact]
    public void Every_secret_that_is_not_under_the_current_key_in_the_format_is_encrypted_anew_in_its_place()
    {
        _host.PutSecret("sec-1", "\"1\"", OldRing, "vip-1", SecretFormat.AesGcm);
        _host.PutSecret("sec-2", "\"2\"", OldRing, "vip-1");
        _host.PutSecret("sec-3", "\"3\"", OldRing);
        _host.PutSecret("sec-4", "\"4\"", NewRing, "vip-2");
        _host.PutSecret("sec-5", "\"5\"", NewRing, "vip-2", SecretFormat.AesGcm);
        var plan = Plan(BothRing);
        Assert.Equal((5, 4, 0), (plan.Total, plan.Rotations.Count, plan.Faults.Count));
        Commit(plan);
        Assert.All(_host.Secrets.Values, secret => Assert.Equal(SecretType.AesGcm, secret.Record!.Sealed.Type));
        Assert.Equal(["\"3\"", "\"1\"", "\"2\"", "\"4\"", "\"5\""], _host.Secrets.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(pair => Open(pair.Value, NewRing)));
        Assert.Empty(Plan(BothRing).Rotations);
        Assert.Empty(Plan(NewRing).Rotations);
        Assert.Equal(5, Plan(BothRing, all: true).Rotations.Count);
    }

    [Fact]
    public void For_LinK_ours_is_rotated_back_to_LinKs_form()
    {
        _host.PutSecret("sec-1", "\"1\"", NewRing, "vip-1", SecretFormat.AesGcm);
        Commit(Plan(NewRing, SecretFormat.AesCfbSha512));
        var record = Assert.Single(_host.Secrets).Value.Record!;
        Assert.Equal((SecretType.AesCfbSha512, 128), (record.Sealed.Type, record.Sealed.Hash!.Length));
        Assert.Equal("\"1\"", NewRing.Open(new SecretPlace("any", "place", "at all"), record.Sealed).Json!.Reveal());
    }

    [Fact]
    public void What_no_key_opens_or_nobody_can_read_is_named_and_stays()
    {
        _host.PutSecret("sec-1", "\"1\"", new KeyRing(new Secret("lost-key-0123456789abcdef01234567890"), []), "vip-1");
        _host.PutSecret("sec-2", "\"2\"", OldRing, "vip-1");
        _host.Put(KeyLayout.Secret(Host, "vip-1", "sec-3"), "odd");
        _host.Put(KeyLayout.Secret(Host, "vip-1", "sec-4"), """{"id":"sec-4","endpoint_id":"vip-1","type":"later","data":"00"}""");
        _host.Put(KeyLayout.Secret(Host, "vip-1", "sec-5"), """{"id":"sec-5","endpoint_id":"vip-1","type":"aes-cfb-sha512","data":"00","hash":"00"}""");
        var before = _host.Secrets.ToDictionary(static pair => pair.Key, static pair => pair.Value.Value);
        var plan = Plan(BothRing);
        Assert.Equal((5, 1), (plan.Total, plan.Rotations.Count));
        Assert.Equal(["sec-1", "sec-3", "sec-4", "sec-5"], plan.Faults.Select(static fault => fault.Field.Split('/')[^1]));
        Assert.All(plan.Faults, static fault => Assert.Contains(fault.Field, fault.Message));
        Commit(plan);
        Assert.All(before.Where(static pair => !pair.Key.EndsWith("sec-2", StringComparison.Ordinal)), pair => Assert.Equal(pair.Value.ToArray(), _host.Secrets[pair.Key].Value.ToArray()));
    }

    [Fact]
    public void Fields_that_we_do_not_know_survive()
    {
        _host.PutSecret("sec-1", "\"1\"", OldRing, "vip-1");
        var key = KeyLayout.Secret(Host, "vip-1", "sec-1");
        _host.Put(key, _host[key]![..^1] + ",\"later\":[1]}");
        Commit(Plan(BothRing));
        Assert.EndsWith(",\"later\":[1]}", _host[key], StringComparison.Ordinal);
        Assert.DoesNotContain("hash", _host[key]);
    }

    [Fact]
    public void A_batch_takes_a_hundred_secrets_or_a_mebibyte_and_always_one()
    {
        for (var i = 0; i < 250; i++)
            _host.PutSecret($"sec-{i}", "\"x\"", OldRing, "vip-1");
        Assert.Equal([100, 100, 50], Plan(BothRing).ToBatches().Select(static batch => batch.Rotations.Count));

        var large = new StoredHost(Host);
        for (var i = 0; i < 5; i++)
            large.PutSecret($"sec-{i}", $"\"{new string('x', 200_000)}\"", OldRing, "vip-1");
        large.PutSecret("sec-5", $"\"{new string('x', 700_000)}\"", OldRing, "vip-1");
        var batches = RotationPlan.Make(Host, large.Data, BothRing, SecretFormat.AesGcm, RecordedDump.SecretsOf, NothingLoaded).ToBatches();
        Assert.Equal([2, 2, 1, 1], batches.Select(static batch => batch.Rotations.Count));
        Assert.All(batches, static batch => Assert.True(batch.Rotations.Count == 1 || batch.ToTransaction().CalculateSize() < 1_200_000));
    }

    [Fact]
    public void One_that_somebody_else_wrote_meanwhile_is_not_overwritten_and_holds_up_no_other()
    {
        _host.PutSecret("sec-1", "\"1\"", OldRing, "vip-1");
        _host.PutSecret("sec-2", "\"2\"", OldRing, "vip-1");
        var planned = Plan(BothRing);
        _host.PutSecret("sec-1", "\"theirs\"", OldRing, "vip-1");
        Commit(planned);
        Assert.Equal(["\"theirs\"", "\"2\""], _host.Secrets.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(pair => Open(pair.Value, BothRing)));
        Assert.Equal([KeyLayout.Secret(Host, "vip-1", "sec-1")], Plan(BothRing).Rotations.Select(static rotation => rotation.Key));
    }

    private RotationPlan Plan(KeyRing ring, SecretFormat format = SecretFormat.AesGcm, bool all = false) => 
        RotationPlan.Make(Host, _host.Data, ring, format, RecordedDump.SecretsOf, NothingLoaded, all);

    private void Commit(RotationPlan plan)
    {
        foreach (var batch in plan.ToBatches())
            _host.TryCommit(batch.ToTransaction());
    }

    private static string? Open(Stored<SecretRecord> secret, KeyRing ring)
    {
        Assert.True(KeyLayout.TryParseSecret(secret.Key, out var host, out var endpoint, out var id));
        return ring.Open(new SecretPlace(host, endpoint, id), secret.Record!.Sealed).Json?.Reveal();
    }
}
