using Link.Core.Configuration;
using Link.Tests.Api;
using Xunit;

namespace Link.Tests.Configuration;

public sealed class AbsoluteUrlTests
{
    [Theory]
    [InlineData("//\u202e/")]
    [InlineData("//host/")]
    [InlineData("/path")]
    [InlineData("host")]
    [InlineData("://host")]
    [InlineData("")]
    [InlineData(null)]
    public void What_names_no_scheme_is_no_URL(string? text)
    {
        Assert.False(AbsoluteUrl.TryParse(text, out Uri? url));
        Assert.Null(url);
    }

    [Fact]
    public void A_URL_is_one()
    {
        Assert.True(AbsoluteUrl.TryParse("https://lb.example:8443/vip?a=b", out Uri? url));
        Assert.Equal("lb.example", url.Host);
    }

    [Fact]
    public async Task Characters_that_turn_the_direction_are_refused_wherever_a_request_has_a_URL()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string answer = await api.SendRawAsync("GET /version HTTP/1.1\r\nHost: localhost\r\nOrigin: //\u00e2\u0080\u00ae/\r\n\r\n");
        Assert.Matches("^HTTP/1.1 40[03] ", answer);
        Assert.Empty(api.Log);
    }
}
