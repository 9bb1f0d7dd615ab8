using System.Text;
using Link.Core.Api.Access;
using Xunit;

namespace Link.Tests.Api;

public sealed class CredentialsTests
{
    private static string Pair(string pair) => Convert.ToBase64String(Encoding.UTF8.GetBytes(pair));

    [Theory]
    [InlineData("/version")]
    [InlineData("/endpoints")]
    [InlineData("/health")]
    [InlineData("/nothing")]
    [InlineData("/endpoints/banana")]
    public async Task Every_route_asks_unknown_ones_too(string path)
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { User = "admin", Password = "secret" });
        ApiReply reply = await api.SendAsync("GET", path);
        Assert.Equal((401, "Basic realm=\"link\", charset=\"UTF-8\""), (reply.Status, reply.Header("WWW-Authenticate")));
        Assert.Equal("{\"error\":\"credentials are missing or wrong\"}\n", reply.Body);
    }

    [Theory]
    [InlineData("Basic ")]
    [InlineData("basic ")]
    [InlineData("BASIC   ")]
    public async Task The_right_pair_comes_in_with_the_scheme_in_any_case(string scheme)
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { User = "admin", Password = "se:cret é" });
        ApiReply reply = await api.SendAsync("GET", "/version", headers: headers => headers.TryAddWithoutValidation("Authorization", scheme + Pair("admin:se:cret é")));
        Assert.Equal(200, reply.Status);
    }

    [Theory]
    [InlineData("Basic")]
    [InlineData("Basic ")]
    [InlineData("Basic !!!")]
    [InlineData("Basic YQ")]
    [InlineData("Bearer YWRtaW46c2VjcmV0")]
    [InlineData("YWRtaW46c2VjcmV0")]
    [InlineData("Basic YWRtaW5zZWNyZXQ=")]
    [InlineData("Basic YWRtaW46c2VjcmV0 x")]
    [InlineData("Basic YWRtaW46c2VjcmV0,Basic YWRtaW46c2VjcmV0")]
    public async Task A_malformed_or_wrong_header_is_401(string header)
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { User = "admin", Password = "secret" });
        ApiReply reply = await api.SendAsync("GET", "/version", headers: headers => headers.TryAddWithoutValidation("Authorization", header));
        Assert.Equal(401, reply.Status);
        Assert.Empty(api.Log);
    }

    [Theory]
    [InlineData("admin:secret", true)]
    [InlineData("admin:secre", false)]
    [InlineData("admin:secret2", false)]
    [InlineData("Admin:secret", false)]
    [InlineData(":secret", false)]
    [InlineData("admin:", false)]
    [InlineData(":", false)]
    public void Only_the_right_pair_is_accepted(string pair, bool accepted) =>
        Assert.Equal(accepted, new SoleUser("admin", "secret").Matches(BasicCredentials.Parse("Basic " + Pair(pair))!));

    [Fact]
    public void A_header_as_long_as_can_be_is_refused() =>
        Assert.Null(BasicCredentials.Parse("Basic " + new string('A', 1_000_000)));

    [Theory]
    [InlineData(null, 200)]
    [InlineData("", 200)]
    [InlineData("x", 401)]
    public async Task Without_a_password_nobody_is_asked(string? password, int status)
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { User = "a-user-that-the-shell-exports", Password = password });
        Assert.Equal(status, (await api.SendAsync("GET", "/version")).Status);
    }

    [Fact]
    public async Task A_refusal_under_ips_says_msg_too()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { Password = "secret" });
        Assert.Equal("{\"error\":\"credentials are missing or wrong\",\"msg\":\"credentials are missing or wrong\"}\n", (await api.SendAsync("GET", "/ips")).Body);
    }

    [Fact]
    public async Task Two_headers_are_401()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { User = "admin", Password = "secret" });
        string header = $"Authorization: Basic {Pair("admin:secret")}\r\n";
        string reply = await api.SendRawAsync($"GET /version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}{header}\r\n");
        Assert.StartsWith("HTTP/1.1 401 ", reply, StringComparison.Ordinal);
    }
}
