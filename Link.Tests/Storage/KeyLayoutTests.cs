using Link.Core.Storage;
using Xunit;

namespace Link.Tests.Storage;

public sealed class KeyLayoutTests
{
    [Fact]
    public void Keys_are_where_LinK_has_them()
    {
        Assert.Equal("/link/default/10.0.0.1_32", KeyLayout.Lock("10.0.0.1_32"));
        Assert.Equal("/link/ips/10.0.0.1_32/web-1", KeyLayout.Competitor("10.0.0.1_32", "web-1"));
        Assert.Equal("/link/hosts/web-1/vip-1", KeyLayout.Endpoint("web-1", "vip-1"));
        Assert.Equal("/link/config/web-1", KeyLayout.Host("web-1"));
        Assert.Equal("/link/agents/web-1", KeyLayout.Agent("web-1"));
        Assert.Equal("/link/secrets/hosts/web-1/vip-1/sec-1", KeyLayout.Secret("web-1", "vip-1", "sec-1"));
        Assert.Equal("/link/secrets/hosts/web-1//sec-1", KeyLayout.Secret("web-1", "", "sec-1"));
    }

    [Fact]
    public void A_prefix_does_not_cover_a_namesake()
    {
        Assert.False(KeyLayout.Endpoint("web-10", "vip-1").StartsWith(KeyLayout.EndpointsOf("web-1"), StringComparison.Ordinal));
        Assert.False(KeyLayout.Secret("web-10", "vip-1", "sec-1").StartsWith(KeyLayout.SecretsOf("web-1"), StringComparison.Ordinal));
        Assert.False(KeyLayout.Competitor("webhook/res-10", "web-1").StartsWith(KeyLayout.CompetitorsOf("webhook/res-1"), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("10.0.0.1_32", "web-1")]
    [InlineData("webhook/res-1", "web-1.example.org")]
    [InlineData("webhook/a/b", "h")]
    public void A_competitors_key_reads_back(string electionKey, string host)
    {
        Assert.True(KeyLayout.TryParseCompetitor(KeyLayout.Competitor(electionKey, host), out var readKey, out var readHost));
        Assert.Equal((electionKey, host), (readKey, readHost));
    }

    [Fact]
    public void A_competitor_of_a_longer_key_is_not_one_of_ours()
    {
        var key = KeyLayout.Competitor("webhook/a/b", "web-1");

        Assert.StartsWith(KeyLayout.CompetitorsOf("webhook/a"), key);
        Assert.False(KeyLayout.TryParseCompetitorOf(key, "webhook/a", out _));
        Assert.True(KeyLayout.TryParseCompetitorOf(key, "webhook/a/b", out _));
    }

    [Fact]
    public void The_other_keys_read_back()
    {
        Assert.True(KeyLayout.TryParseLock("/link/default/webhook/res-1", out var electionKey));
        Assert.Equal("webhook/res-1", electionKey);
        Assert.True(KeyLayout.TryParseEndpoint("/link/hosts/web-1/vip-1", out var host, out var id));
        Assert.Equal(("web-1", "vip-1"), (host, id));
        Assert.True(KeyLayout.TryParseHost("/link/config/web-1", out host));
        Assert.Equal("web-1", host);
        Assert.True(KeyLayout.TryParseAgent("/link/agents/web-2", out host));
        Assert.Equal("web-2", host);
        Assert.True(KeyLayout.TryParseSecret("/link/secrets/hosts/web-1//sec-1", out host, out id, out var secret));
        Assert.Equal(("web-1", "", "sec-1"), (host, id, secret));
    }

    [Theory]
    [InlineData("/link/ips/web-1")]
    [InlineData("/link/ips/")]
    [InlineData("/link/ips/key/")]
    [InlineData("/link/ipsy/key/host")]
    [InlineData("")]
    public void What_is_no_competitors_key_is_not_read_as_one(string key) => Assert.False(KeyLayout.TryParseCompetitor(key, out _, out _));

    [Theory]
    [InlineData("/link/hosts/web-1")]
    [InlineData("/link/hosts/web-1/")]
    [InlineData("/link/hosts//vip-1")]
    [InlineData("/link/hosts/web-1/vip-1/more")]
    public void What_is_no_endpoints_key_is_not_read_as_one(string key) => Assert.False(KeyLayout.TryParseEndpoint(key, out _, out _));

    [Fact]
    public void New_ids_are_valid_and_differ()
    {
        Assert.True(EndpointId.IsValid(EndpointId.New()));
        Assert.NotEqual(EndpointId.New(), EndpointId.New());
    }

    [Theory]
    [InlineData("vip-eb2eca63-0e1c-4ed9-a273-3d13bc253ddc", true)]
    [InlineData("vip-EB2ECA63-0E1C-4ED9-A273-3D13BC253DDC", true)]
    [InlineData("vip-eb2eca63-0e1c-4ed9-a273-3d13bc253dd", false)]
    [InlineData("vip-eb2eca63-0e1c-4ed9-a273-3d13bc253ddcc", false)]
    [InlineData("vip-eb2eca63-0e1c-4ed9-a273-3d13bc253ddc\n", false)]
    [InlineData("vip-eb2eca63/0e1c-4ed9-a273-3d13bc253ddc", false)]
    [InlineData("ip-eb2eca63-0e1c-4ed9-a273-3d13bc253ddc", false)]
    public void Ids_have_one_form(string id, bool valid) => Assert.Equal(valid, EndpointId.IsValid(id));
}
