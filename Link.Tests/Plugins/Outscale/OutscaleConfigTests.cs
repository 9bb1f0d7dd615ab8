using System.Text.Json;
using Link.Core.Net;
using Link.Core.Plugins;
using Link.Core.Plugins.Outscale;
using Xunit;

namespace Link.Tests.Plugins.Outscale;

public sealed class OutscaleConfigTests
{
    private const string Good = """{"access_key":"TESTACCESSKEY","secret_key":"TESTSECRETKEY","region":"eu-west-2","public_ip_id":"eipalloc-abc123","nic_id":"eni-abc123"}""";

    [Fact]
    public void A_configuration_is_written_as_LinK_does()
    {
        Validated<OutscaleConfig> read = Read(Good);
        Assert.Equal(Good, read.Value!.ToJson());
        Assert.Equal("outscale_public_ip/eipalloc-abc123", read.Value.ElectionKey);
    }

    [Fact]
    public void Our_own_field_comes_last()
    {
        string json = Good.Replace("}", ""","on_etcd_loss":"hold"}""", StringComparison.Ordinal);
        Validated<OutscaleConfig> read = Read(json);
        Assert.Equal("hold", read.Value!.OnEtcdLoss);
        Assert.Equal(json, read.Value.ToJson());
    }

    [Theory]
    [InlineData("ap-northeast-1")]
    [InlineData("cloudgouv-eu-west-1")]
    [InlineData("us-east-2")]
    [InlineData("us-west-1")]
    [InlineData("EU-West-2")]
    public void A_region_is_taken_in_any_case_and_kept_as_given(string region)
    {
        string json = With("region", region);
        Assert.Equal(json, Read(json).Value!.ToJson());
    }

    [Theory]
    [InlineData("access_key", "", "must be 3 to 64 characters A to Z and 0 to 9")]
    [InlineData("access_key", "AB", "must be 3 to 64 characters A to Z and 0 to 9")]
    [InlineData("access_key", "lower", "must be 3 to 64 characters A to Z and 0 to 9")]
    [InlineData("access_key", "TESTACCESSKEY\\n", "must be 3 to 64 characters A to Z and 0 to 9")]
    [InlineData("secret_key", "with blank", "must be 3 to 64 characters A to Z and 0 to 9")]
    [InlineData("secret_key", "12345678901234567890123456789012345678901234567890123456789012345", "must be 3 to 64 characters A to Z and 0 to 9")]
    [InlineData("public_ip_id", "192.0.2.1", "is \"192.0.2.1\"; must be an id such as eipalloc-12345678")]
    [InlineData("public_ip_id", "eipalloc-abc123\\n", "is \"eipalloc-abc123?\"; must be an id such as eipalloc-12345678")]
    [InlineData("public_ip_id", "eipalloc-ab", "is \"eipalloc-ab\"; must be an id such as eipalloc-12345678")]
    [InlineData("public_ip_id", "eipalloc-ABC", "is \"eipalloc-ABC\"; must be an id such as eipalloc-12345678")]
    [InlineData("nic_id", "eth0", "is \"eth0\"; must be an id such as eni-12345678")]
    [InlineData("nic_id", "a/b-123", "is \"a/b-123\"; must be an id such as eni-12345678")]
    [InlineData("region", "eu-west-9", "is \"eu-west-9\"; must be ap-northeast-1, cloudgouv-eu-west-1, eu-west-2, us-east-2 or us-west-1, unless OSC_ENDPOINT_API is set for the agent")]
    [InlineData("region", "test-region", "is \"test-region\"; must be ap-northeast-1, cloudgouv-eu-west-1, eu-west-2, us-east-2 or us-west-1, unless OSC_ENDPOINT_API is set for the agent")]
    [InlineData("region", "evil.example/", "is \"evil.example/\"; must be ap-northeast-1, cloudgouv-eu-west-1, eu-west-2, us-east-2 or us-west-1, unless OSC_ENDPOINT_API is set for the agent")]
    [InlineData("on_etcd_loss", "maybe", "is \"maybe\"; must be claim, hold or release")]
    [InlineData("nic", "eni-abc123", "is unknown; plugin outscale_public_ip takes access_key, secret_key, region, public_ip_id, nic_id and on_etcd_loss")]
    public void What_is_wrong_is_told_by_field(string field, string value, string message)
    {
        Validated<OutscaleConfig> read = Read(With(field, value));
        Assert.Null(read.Value);
        Assert.Equal((field, message), Assert.Single(read.Errors) is var error ? (error.Key, Assert.Single(error.Value)) : default);
    }

    [Fact]
    public void All_that_is_wrong_is_told_at_once_and_no_key_is_shown()
    {
        Validated<OutscaleConfig> read = Read("""{"access_key":"my hidden key","secret_key":7,"region":null,"nic_id":"x"}""");
        Assert.Equal(
            ["access_key: must be 3 to 64 characters A to Z and 0 to 9", "nic_id: is \"x\"; must be an id such as eni-12345678", "public_ip_id: is missing", "region: is missing", "secret_key: must be a string"],
            read.Errors.Select(error => $"{error.Key}: {Assert.Single(error.Value)}").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("7")]
    [InlineData("[]")]
    [InlineData("null")]
    public void What_is_no_object_is_an_error(string json) => Assert.True(Read(json).Errors.ContainsKey("plugin_config"));

    [Fact]
    public void The_test_region_is_for_tests_only()
    {
        string json = With("region", "test-region");
        Assert.False(Read(json).IsValid);
        Assert.True(Read(json, options: Options with { AllowsTestRegion = true }).IsValid);
        Assert.Equal("test-region", Read(json, stored: true).Value!.Region);
    }

    [Fact]
    public void An_endpoint_of_ones_own_may_have_regions_of_its_own()
    {
        OutscaleOptions options = Options with { Endpoint = new Uri("https://api.example.org/api/v1") };
        Assert.True(Read(With("region", "private-1"), options: options).IsValid);
        Assert.False(Read(With("region", "private.1"), options: options).IsValid);
        Assert.False(Read(With("region", "-x"), options: options).IsValid);
    }

    [Fact]
    public void Stored_fields_of_a_later_version_are_ignored() =>
        Assert.Equal(Good, Read(With("later", "x"), stored: true).Value!.ToJson());

    [Theory]
    [InlineData("""{"access_key":{"id":"sec-1","endpoint_id":""},"public_ip_id":"eipalloc-abc123"}""", "outscale_public_ip/eipalloc-abc123")]
    [InlineData("""{"public_ip_id":"a/b"}""", null)]
    [InlineData("""{"public_ip_id":7}""", null)]
    [InlineData("{}", null)]
    [InlineData("[]", null)]
    public void The_election_key_is_found_without_the_secrets(string json, string? key) => Assert.Equal(key, OutscaleConfig.FindElectionKey(Parse(json)));

    [Fact]
    public void The_plugin_says_what_is_secret_and_shows_none()
    {
        using var loop = new RemoteLoop();
        using var http = new OutboundHttp(new NameResolver(), TimeProvider.System);
        var plugin = new OutscalePlugin(loop.Outputs, Options, http, TimeProvider.System, () => 0);
        Assert.Equal("outscale_public_ip", plugin.Name);
        Assert.Equal(["access_key", "secret_key"], plugin.SecretFields);
        Assert.DoesNotContain("TEST", plugin.Read(Parse(Good), stored: false).Value!.ToString());
    }

    [Fact]
    public void Each_region_has_its_endpoint() => Assert.Equal("https://api.eu-west-2.outscale.com/api/v1", OutscaleEndpoint.Of("eu-west-2").AbsoluteUri);

    private static OutscaleOptions Options { get; } = new() { RefreshInterval = TimeSpan.FromMinutes(1) };

    private static Validated<OutscaleConfig> Read(string json, bool stored = false, OutscaleOptions? options = null) => OutscaleConfig.Read(Parse(json), stored, options ?? Options);

    private static JsonElement Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    /// <summary>The good one with another value for a field, or one more field.</summary>
    private static string With(string field, string value)
    {
        string pattern = $"\"{field}\":\"[^\"]*\"";
        string text = $"\"{field}\":\"{value}\"";
        return System.Text.RegularExpressions.Regex.IsMatch(Good, pattern)
            ? System.Text.RegularExpressions.Regex.Replace(Good, pattern, text)
            : Good.Replace("}", $",{text}}}", StringComparison.Ordinal);
    }
}
