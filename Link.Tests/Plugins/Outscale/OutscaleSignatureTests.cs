using System.Security.Cryptography;
using System.Text;
using Link.Core.Plugins.Outscale;
using Link.Core.Secrets;
using Xunit;

namespace Link.Tests.Plugins.Outscale;

public sealed class OutscaleSignatureTests
{
    private const string Host = "api.eu-west-2.outscale.com";
    private const string Path = "/api/v1/LinkPublicIp";

    private static readonly OutscaleCredentials Keys = new(new Secret(FakeOutscale.AccessKey), new Secret(FakeOutscale.SecretKey));
    private static readonly DateTimeOffset Time = new(2026, 1, 1, 13, 0, 0, TimeSpan.FromHours(1));
    private static readonly byte[] Body = OutscaleJson.LinkRequest("eipalloc-12345678", "eni-12345678");

    [Fact]
    public void A_request_is_signed_as_by_Outscales_own_tools()
    {
        Assert.Equal("1ee5ea6cf9969eb3f58737c77da03d8d16af9207d990d0c75ec11f94530b7f2b", Hash(Body));
        Assert.Equal(
            "cf68997748f70a7744aaa6254676a398969fa04434ac6f4a18ce241170003808",
            Hash(Encoding.UTF8.GetBytes(OutscaleSignature.CanonicalRequest(Host, Path, "20260101T120000Z", Body))));
        OutscaleSignature signature = OutscaleSignature.Of(Keys, "eu-west-2", Host, Path, Body, Time);
        Assert.Equal("20260101T120000Z", signature.Date);
        Assert.Equal(
            "OSC4-HMAC-SHA256 Credential=ABCDEFGHIJ0123456789/20260101/eu-west-2/api/osc4_request, SignedHeaders=content-type;host;x-osc-date, "
            + "Signature=77e2d0218fa0f09db1f449a81793d1607688e7cef72330a4c83da4984c79a0f3",
            signature.Authorization);
    }

    [Fact]
    public void Keys_and_signature_do_not_show()
    {
        OutscaleSignature signature = OutscaleSignature.Of(Keys, "eu-west-2", Host, Path, Body, Time);
        string all = $"{signature} {Keys} {Keys.Fingerprint()} {Keys.RemoveFrom($"a {FakeOutscale.AccessKey.ToLowerInvariant()} b {FakeOutscale.SecretKey} c")}";
        Assert.DoesNotContain(FakeOutscale.AccessKey, all, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(FakeOutscale.SecretKey, all, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("77e2d021", all);
        Assert.EndsWith("a *** b *** c", all);
    }

    [Fact]
    public void Only_the_same_pair_of_keys_has_the_same_fingerprint()
    {
        Assert.Equal(Keys.Fingerprint(), new OutscaleCredentials(new Secret(FakeOutscale.AccessKey), new Secret(FakeOutscale.SecretKey)).Fingerprint());
        Assert.NotEqual(Keys.Fingerprint(), new OutscaleCredentials(new Secret(FakeOutscale.AccessKey), new Secret("OTHER")).Fingerprint());
        Assert.NotEqual(Keys.Fingerprint(), new OutscaleCredentials(new Secret("OTHER"), new Secret(FakeOutscale.SecretKey)).Fingerprint());
    }

    private static string Hash(byte[] data) => Convert.ToHexStringLower(SHA256.HashData(data));
}
