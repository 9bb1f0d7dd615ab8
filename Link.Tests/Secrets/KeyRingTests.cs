using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Link.Core.Secrets;
using Xunit;

namespace Link.Tests.Secrets;

public sealed class KeyRingTests
{
    private const string LinKsKey = "bed-encryption-key-0123456789abcdef0123456789";
    private const string Key = "fixture-key-of-host-db-7-0123456789ABCDEF";
    private const string OtherKey = "another-key-that-nothing-was-encrypted-with";
    private const string AccessKeyHash = "7a45e0e59b9a821e2ffb13ba5d47352d2cef2472fe8ff767e31d32e92c12d4305e82552fefccaef7e0ed15dcac57fcd6517b6ad2bf4b831efbf0d63531e1e575";
    private const string UnicodeData = "96777985d5ba1810f08c0e607690447a4aa52f2e4b2832679cba2c3bcd3f5788c3";
    private const string UnicodeHash = "3919ba69905583fb27db64b629c4f89c5f7b1f9ddf5b046b90f77c54cf5b675151d2b239502199d6922c31438bb8ef156cc12b2621f015bfea35e9c2e1595251";

    private static readonly SecretPlace Place = new("web-1", "vip-1", "sec-1") { Purpose = PurposeOf("""{"url":"https://lb.example/vip"}""") };

    /// <summary>Key, data, hash, JSON text. The first six are what running LinK agents wrote, the others come from <c>openssl enc -aes-256-cfb</c>.</summary>
    public static TheoryData<string, string, string?, string> Vectors => new()
    {
        { LinKsKey, "4eae15f2cf8b7e33f3f54cdd87d43f212e399ce92eb0da6b27a4e73ccdfe91", null, "\"TESTACCESSKEY\"" },
        { LinKsKey, "62764c75ad56c2d76ff3ac35ebf2b2e1cd2b36b8798a3894681215ec853f4c", null, "\"TESTSECRETKEY\"" },
        { LinKsKey, "40ffd2b41496c591eb27e16f814e8507798bc8c59100f6d30325c2445aa68e", AccessKeyHash, "\"TESTACCESSKEY\"" },
        { LinKsKey, "44c2e09c0c5b55076c5b12abfdb3e5da8d5f6542e6a31107d072fc69d0dfbf", AccessKeyHash, "\"TESTACCESSKEY\"" },
        { LinKsKey, "2dfea2477f93850c2c6c7818de07b3c720ffe07c2083d4c9f8afba545ab638", "e7d94d07e03e095243a29442c0127e41deb75c519590aa4d374e5943f8214cf21eaf8c1cbe12fc8bcf75920eaa55512c8f5abf12c6f35153fcaf9be214029483", "\"shared-secret\"" },
        { LinKsKey, "e32e01034674407e8cb5bc09063f97283362cd6f0ac253640ed9bf9623f7eb1be0", "327171571937e270ed8f95f8c098e0e636565cb221590b56428fdcd87af547dc7d63c55b3bbd26a950debc17f904126f215310d26ee4b1985f311659d2038a53", "\"Bearer my-token\"" },
        { Key, UnicodeData, UnicodeHash, "\"grüße, 世界\"" },
        { Key, UnicodeData.ToUpperInvariant(), UnicodeHash.ToUpperInvariant(), "\"grüße, 世界\"" },
        { Key, UnicodeData, null, "\"grüße, 世界\"" },
        { Key, "c0a95afd01a80b44ca13d326e34876723d0f", "64d24560970ca14d349bea0e7d2526d4754bf3283568ab4dd602bd79eb454dc3657d5bb6f9a30c90ea98d9600ebd0fb45d582f4cae3f8e3c50b0e8fb18059892", "\"\"" },
    };

    public static TheoryData<string> Values =>
    [
        "\"\"", "\"a\"", "\"fourteen char\"", "\"fifteen chars!\"", "\"grüße, 世界, \\ud83d\\udd11 🔑\"", "\"quote \\\" and \\\\ and \\u0000\"", $"\"{new string('x', 100_000)}\"",
    ];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void What_LinK_encrypted_opens_with_its_key_and_with_no_other(string key, string data, string? hash, string json)
    {
        var secret = new SealedSecret(hash is null ? SecretType.AesCfb : SecretType.AesCfbSha512, data, hash);
        Assert.Equal((json, true), Opened(Ring(key).Open(Place, secret)));
        Assert.Equal(OpenFailure.NoKeyFits, Ring(OtherKey).Open(Place, secret).Failure);
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void What_is_encrypted_opens_again_in_both_formats(string json)
    {
        foreach (var format in Enum.GetValues<SecretFormat>())
        {
            var secret = Ring(Key).Seal(Place, new Secret(json), format);
            Assert.Equal(SecretType.Of(format), secret.Type);
            Assert.Equal((json, true), Opened(Ring(Key).Open(Place, secret)));
            Assert.Equal(OpenFailure.NoKeyFits, Ring(OtherKey).Open(Place, secret).Failure);
        }
    }

    [Fact]
    public void The_same_value_is_never_encrypted_the_same_way_twice()
    {
        foreach (var format in Enum.GetValues<SecretFormat>())
            Assert.Equal(100, Enumerable.Range(0, 100).Select(_ => Ring(Key).Seal(Place, new Secret("\"x\""), format).Data).Distinct().Count());
    }

    [Fact]
    public void What_we_write_for_LinK_is_CFB_with_128_bits_of_feedback_over_the_JSON_text_and_its_SHA_512()
    {
        const string json = "\"grüße, 世界\"";
        var secret = Ring(Key).Seal(Place, new Secret(json), SecretFormat.AesCfbSha512);
        byte[] data = Convert.FromHexString(secret.Data);
        Assert.Equal(json, Encoding.UTF8.GetString(CfbByHand(data)));
        Assert.Equal(Convert.ToHexStringLower(SHA512.HashData(Encoding.UTF8.GetBytes(json))), secret.Hash);
        Assert.Equal(16 + Encoding.UTF8.GetByteCount(json), data.Length);
    }

    [Fact]
    public void Ours_stores_no_hash_of_the_plaintext_and_is_bound_to_host_endpoint_and_secret()
    {
        var secret = Ring(Key).Seal(Place, new Secret("\"x\""), SecretFormat.AesGcm);
        Assert.Null(secret.Hash);
        Assert.Equal(12 + 3 + 16, secret.Data.Length / 2);
        foreach (var other in (SecretPlace[])[Place with { Host = "web-2" }, Place with { EndpointId = "vip-2" }, Place with { EndpointId = "" }, Place with { SecretId = "sec-2" }])
            Assert.Equal(OpenFailure.NoKeyFits, Ring(Key).Open(other, secret).Failure);
    }

    [Fact]
    public void A_bound_secret_opens_for_its_plugin_field_and_destination_and_for_nothing_else()
    {
        const string config = """{"url":"https://lb.example/vip","ca":"PEM","command":["/p","a"]}""";
        var given = Place with { Purpose = PurposeOf(config) };
        var secret = Ring(Key).Seal(given, new Secret("\"x\""), SecretFormat.AesGcmBound);
        Assert.Equal(("\"x\"", true), Opened(Ring(Key).Open(given with { Purpose = PurposeOf("""{"command":["\u002fp","a"],"ca":"PEM","timeout":3,"url":"https:\/\/lb.example/vip"}""") }, secret)));
        SecretPlace[] others =
        [
            given with { Host = "web-2" },
            given with { EndpointId = "vip-2" },
            given with { SecretId = "sec-2" },
            given with { Purpose = null },
            given with { Purpose = PurposeOf(config, plugin: "exec") },
            given with { Purpose = PurposeOf(config, field: "headers.X") },
            given with { Purpose = PurposeOf(config, secretFields: "headers.X") },
            .. new[]
            {
                """{"url":"https://evil.example/vip","ca":"PEM","command":["/p","a"]}""",
                """{"url":"https://lb.example/vip?","ca":"PEM","command":["/p","a"]}""",
                """{"url":"http://lb.example/vip","ca":"PEM","command":["/p","a"]}""",
                """{"url":"https://lb.example/vip","url":"https://evil.example/","ca":"PEM","command":["/p","a"]}""",
                """{"url":["https://lb.example/vip"],"ca":"PEM","command":["/p","a"]}""",
                """{"url":"https://lb.example/vip","ca":"MEP","command":["/p","a"]}""",
                """{"url":"https://lb.example/vip","command":["/p","a"]}""",
                """{"url":"https://lb.example/vip","ca":null,"command":["/p","a"]}""",
                """{"url":"https://lb.example/vip","ca":"PEM","command":["/p","a",""]}""",
                """{"url":"https://lb.example/vip","ca":"PEM","command":["/pa"]}""",
                """{"url":"https://lb.example/vip","ca":"PEM","command":["/p",["a"]]}""",
                """{"url":"https://lb.example/vip","ca":"PEM"}""",
                """["https://lb.example/vip"]""",
            }.Select(other => given with { Purpose = PurposeOf(other) }),
        ];
        Assert.All(others, other => Assert.Equal(OpenFailure.OtherPurpose, Ring(OtherKey, Key).Open(other, secret).Failure));
        Assert.All(others.Append(given), other => Assert.Equal(other.Purpose is null ? OpenFailure.OtherPurpose : OpenFailure.NoKeyFits, Ring(OtherKey).Open(other, secret).Failure));
        Assert.Throws<InvalidOperationException>(() => Ring(Key).Seal(given with { Purpose = null }, new Secret("\"x\""), SecretFormat.AesGcmBound));
    }

    [Fact]
    public void A_field_that_a_later_version_counts_too_changes_nothing_where_it_is_absent()
    {
        using var document = JsonDocument.Parse("""{"url":"u"}""");
        Assert.True(SecretDestination.Of(document.RootElement, ["url"], ["secret"]).Matches(SecretDestination.Of(document.RootElement, ["url", "later"], ["secret"])));
        Assert.False(SecretDestination.Of(document.RootElement, ["url"], ["secret"]).Matches(SecretDestination.Of(document.RootElement, ["later"], ["secret"])));
    }

    [Fact]
    public void A_bound_secret_opens_under_the_name_of_no_other_type()
    {
        // CFB's first block is GCM's, with the nonce and a counter of 2 as IV, and aes-cfb has nothing that could tell.
        static SealedSecret AsCfb(SealedSecret gcm)
        {
            var data = Convert.FromHexString(gcm.Data);
            return new SealedSecret(SecretType.AesCfb, Convert.ToHexStringLower([.. data[..12], 0, 0, 0, 2, .. data[12..^16]]));
        }

        var old = Ring(Key).Seal(Place, new Secret("\"hunter2\""), SecretFormat.AesGcm);
        Assert.Equal(("\"hunter2\"", true), Opened(Ring(Key).Open(new SecretPlace("any", "place", "at all"), AsCfb(old))));

        var bound = Ring(Key).Seal(Place, new Secret("\"hunter2\""), SecretFormat.AesGcmBound);
        Assert.Equal(OpenFailure.NoKeyFits, Ring(Key).Open(Place, AsCfb(bound)).Failure);
        Assert.Equal(OpenFailure.NoKeyFits, Ring(Key).Open(Place, bound with { Type = SecretType.AesGcm }).Failure);
        Assert.Equal(OpenFailure.NoKeyFits, Ring(Key).Open(Place, bound with { Type = SecretType.AesCfb }).Failure);
        Assert.NotEqual(OpenFailure.None, Ring(Key).Open(Place, old with { Type = SecretType.AesGcmBound }).Failure);
    }

    [Fact]
    public void Where_only_bound_secrets_are_wanted_nothing_else_opens()
    {
        var strict = new KeyRing(new Secret(Key), [], requiresBound: true);
        foreach (var format in Enum.GetValues<SecretFormat>())
            Assert.Equal(format == SecretFormat.AesGcmBound ? OpenFailure.None : OpenFailure.NotBound, strict.Open(Place, Ring(Key).Seal(Place, new Secret("\"x\""), format)).Failure);
    }

    [Fact]
    public void Two_places_whose_names_run_together_are_two_places()
    {
        var secret = Ring(Key).Seal(new SecretPlace("web", "-1vip", "sec"), new Secret("\"x\""), SecretFormat.AesGcm);
        Assert.Equal(OpenFailure.NoKeyFits, Ring(Key).Open(new SecretPlace("web-1", "vip", "sec"), secret).Failure);
        Assert.Equal(OpenFailure.NoKeyFits, Ring(Key).Open(new SecretPlace("web", "-1vips", "ec"), secret).Failure);
    }

    [Fact]
    public void A_byte_changed_anywhere_in_ours_is_noticed()
    {
        var secret = Ring(Key).Seal(Place, new Secret("\"x\""), SecretFormat.AesGcm);
        for (var i = 0; i < secret.Data.Length; i += 2)
        {
            var data = Convert.FromHexString(secret.Data);
            data[i / 2] ^= 1;
            Assert.Equal(OpenFailure.NoKeyFits, Ring(Key).Open(Place, secret with { Data = Convert.ToHexStringLower(data) }).Failure);
        }

        secret = Ring(Key).Seal(Place, new Secret("\"x\""), SecretFormat.AesGcmBound);
        for (var i = 0; i < secret.Data.Length / 2; i++)
        {
            var data = Convert.FromHexString(secret.Data);
            data[i] ^= 1;
            Assert.Equal(OpenFailure.OtherPurpose, Ring(Key).Open(Place, secret with { Data = Convert.ToHexStringLower(data) }).Failure);
        }
    }

    [Fact]
    public void The_current_key_is_tried_before_the_alternates_in_their_order_and_says_so()
    {
        foreach (var format in Enum.GetValues<SecretFormat>())
        {
            var old = Ring(LinKsKey).Seal(Place, new Secret("\"x\""), format);
            Assert.Equal(("\"x\"", true), Opened(Ring(LinKsKey, Key, OtherKey).Open(Place, old)));
            Assert.Equal(("\"x\"", false), Opened(Ring(Key, LinKsKey, OtherKey).Open(Place, old)));
            Assert.Equal(("\"x\"", false), Opened(Ring(Key, OtherKey, LinKsKey).Open(Place, old)));
            Assert.Equal(OpenFailure.NoKeyFits, Ring(Key, OtherKey).Open(Place, old).Failure);
        }

        // Without a hash two keys may seem to fit: the first one counts.
        var none = new KeyRing(null, [new Secret(LinKsKey)]);
        Assert.Equal(("\"x\"", false), Opened(none.Open(Place, Ring(LinKsKey).Seal(Place, new Secret("\"x\""), SecretFormat.AesGcm))));
        Assert.Equal((false, true, 1), (none.HasKey, none.HasAlternates, none.Count));
    }

    [Fact]
    public void Without_any_key_nothing_opens_and_nothing_can_be_encrypted()
    {
        var none = new KeyRing(null, []);
        Assert.Equal((false, false, 0), (none.HasKey, none.HasAlternates, none.Count));
        Assert.Equal(OpenFailure.NoKey, none.Open(Place, new SealedSecret(SecretType.AesCfbSha512, UnicodeData, UnicodeHash)).Failure);
        Assert.Equal(OpenFailure.NoKey, none.Open(Place, new SealedSecret(SecretType.AesCfb, UnicodeData)).Failure);
        Assert.Throws<InvalidOperationException>(() => none.Seal(Place, new Secret("\"x\""), SecretFormat.AesGcm));
    }

    [Theory]
    [InlineData(SecretType.AesCfbSha512, "", UnicodeHash)]
    [InlineData(SecretType.AesCfbSha512, "9677", UnicodeHash)]
    [InlineData(SecretType.AesCfbSha512, "96777985d5ba1810f08c0e60769044", UnicodeHash)]
    [InlineData(SecretType.AesCfbSha512, "9" + UnicodeData, UnicodeHash)]
    [InlineData(SecretType.AesCfbSha512, "zz" + UnicodeData, UnicodeHash)]
    [InlineData(SecretType.AesCfbSha512, " " + UnicodeData + " ", UnicodeHash)]
    [InlineData(SecretType.AesCfbSha512, UnicodeData, null)]
    [InlineData(SecretType.AesCfbSha512, UnicodeData, "")]
    [InlineData(SecretType.AesCfbSha512, UnicodeData, "39")]
    [InlineData(SecretType.AesCfbSha512, UnicodeData, "no hex")]
    [InlineData(SecretType.AesCfb, "", null)]
    [InlineData(SecretType.AesGcm, "", null)]
    [InlineData(SecretType.AesGcm, "00112233445566778899aabbccddeeff00112233445566778899aa", null)]
    public void Data_or_a_hash_that_the_type_cannot_have_are_told_as_damage_and_not_as_a_lost_key(string type, string data, string? hash)
    {
        Assert.Equal(OpenFailure.Damaged, Ring(Key).Open(Place, new SealedSecret(type, data, hash)).Failure);
        Assert.Equal(OpenFailure.Damaged, new KeyRing(null, []).Open(Place, new SealedSecret(type, data, hash)).Failure);
    }

    [Fact]
    public void Data_or_a_hash_that_was_cut_or_changed_does_not_open()
    {
        Assert.Equal(OpenFailure.NoKeyFits, Ring(Key).Open(Place, new SealedSecret(SecretType.AesCfbSha512, UnicodeData[..^2], UnicodeHash)).Failure);
        Assert.Equal(OpenFailure.NoKeyFits, Ring(Key).Open(Place, new SealedSecret(SecretType.AesCfbSha512, UnicodeData, UnicodeHash[..^2] + "52")).Failure);
        Assert.Equal(OpenFailure.NoKeyFits, Ring(Key).Open(Place, new SealedSecret(SecretType.AesCfb, UnicodeData[..^2])).Failure);
    }

    [Theory]
    [InlineData("")]
    [InlineData("aes-512-xts")]
    [InlineData("AES-CFB")]
    public void A_type_of_a_later_version_is_told(string type) => Assert.Equal(OpenFailure.UnknownType, Ring(Key).Open(Place, new SealedSecret(type, "00", "00")).Failure);

    [Theory]
    [InlineData("\"\"", true)]
    [InlineData("\"a\\u00e9\"", true)]
    [InlineData(" \"a\" ", true)]
    [InlineData("\"a\" \"b\"", false)]
    [InlineData("\"a", false)]
    [InlineData("7", false)]
    [InlineData("{}", false)]
    [InlineData("null", false)]
    [InlineData("", false)]
    public void Only_the_JSON_text_of_a_string_passes_where_there_is_no_hash(string text, bool expected) => Assert.Equal(expected, KeyRing.IsJsonString(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Bytes_that_are_no_UTF_8_are_no_JSON_string() => Assert.False(KeyRing.IsJsonString([(byte)'"', 0xff, (byte)'"']));

    internal static KeyRing Ring(string key, params string[] alternates) => new(new Secret(key), [.. alternates.Select(static alternate => new Secret(alternate))]);

    private static SecretPurpose PurposeOf(string config, string plugin = "webhook", string field = "secret", params string[] secretFields)
    {
        using var document = JsonDocument.Parse(config);
        return new SecretPurpose(plugin, field, SecretDestination.Of(document.RootElement, ["url", "ca", "command"], ["secret", .. secretFields]));
    }

    private static (string?, bool) Opened(OpenedSecret opened) => (opened.Json?.Reveal(), opened.ByCurrentKey);

    /// <summary>CFB from AES on single blocks, independent of .NET's.</summary>
    private static byte[] CfbByHand(byte[] data)
    {
        using var aes = Aes.Create();
        aes.Key = SHA256.HashData(Encoding.UTF8.GetBytes(Key));
        var text = new byte[data.Length - 16];
        for (var i = 0; i < text.Length; i += 16)
        {
            byte[] pad = aes.EncryptEcb(data.AsSpan(i, 16), PaddingMode.None);
            for (var j = i; j < Math.Min(i + 16, text.Length); j++)
                text[j] = (byte)(data[16 + j] ^ pad[j - i]);
        }

        return text;
    }
}
