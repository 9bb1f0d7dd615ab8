using System.Net;
using System.Text;
using System.Text.Json;
using Xunit;

namespace Link.Tests.Plugins.Outscale;

/// <summary>The fake takes what the real one takes, and no more.</summary>
public sealed class FakeOutscaleTests : IAsyncLifetime
{
    private const string Body = """{"AllowRelink":true,"NicId":"eni-12345678","PublicIpId":"eipalloc-12345678"}""";
    private const string Osc4 = "77e2d0218fa0f09db1f449a81793d1607688e7cef72330a4c83da4984c79a0f3";
    private const string Aws4 = "780a48565968cf4a3f25255cf78bf1ded09648d39bfaa0aa228066a4763370f5";

    private DateTimeOffset _now = OutscaleHost.Epoch;
    private FakeOutscale _fake = null!;

    public async ValueTask InitializeAsync()
    {
        _fake = await FakeOutscale.StartAsync(() => _now);
        _fake.AddNic("eni-12345678");
        _fake.AddPublicIp("eipalloc-12345678");
    }

    public ValueTask DisposeAsync() => _fake.DisposeAsync();

    [Theory]
    [InlineData("OSC4", Osc4)]
    [InlineData("AWS4", Aws4)]
    public async Task Both_known_signatures_are_taken(string kind, string signature)
    {
        (HttpStatusCode status, JsonElement answer) = await SendAsync(kind, signature);
        Assert.Equal(HttpStatusCode.OK, status);
        Assert.StartsWith("eipassoc-", answer.GetProperty("LinkPublicIpId").GetString());
        Assert.Equal("eni-12345678", _fake.NicOf("eipalloc-12345678"));
        Assert.Equal(0, _fake.BadSignatures);
    }

    [Theory]
    [InlineData("OSC4", Aws4, 0)]
    [InlineData("AWS4", Osc4, 0)]
    [InlineData("OSC4", Osc4, 301)]
    [InlineData("AWS4", Aws4, -301)]
    public async Task A_wrong_signature_and_a_wrong_clock_are_refused(string kind, string signature, int secondsLater)
    {
        _now = _now.AddSeconds(secondsLater);
        (HttpStatusCode status, JsonElement answer) = await SendAsync(kind, signature);
        Assert.Equal((HttpStatusCode.Unauthorized, "1"), (status, Code(answer)));
        Assert.Null(_fake.NicOf("eipalloc-12345678"));
    }

    [Fact]
    public async Task Another_body_than_the_signed_one_is_refused() =>
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync("OSC4", Osc4, Body.Replace("true", "false", StringComparison.Ordinal))).Status);

    [Fact]
    public async Task Four_wrong_signatures_in_a_row_lock_the_account_for_a_minute()
    {
        for (int i = 0; i < 3; i++)
            await SendAsync("OSC4", Aws4);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync("OSC4", Osc4)).Status);
        for (int i = 0; i < 4; i++)
            Assert.Equal("1", Code((await SendAsync("OSC4", Aws4)).Answer));
        Assert.Equal("13", Code((await SendAsync("OSC4", Osc4)).Answer));
        _now = _now.AddSeconds(61);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync("OSC4", Osc4)).Status);
    }

    private static string? Code(JsonElement answer) => answer.GetProperty("Errors")[0].GetProperty("Code").GetString();

    private async Task<(HttpStatusCode Status, JsonElement Answer)> SendAsync(string kind, string signature, string body = Body)
    {
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri($"{_fake.Url}/LinkPublicIp"));
        bool osc = kind == "OSC4";
        request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(osc ? body : body + "\n"));
        request.Content.Headers.TryAddWithoutValidation("Content-Type", osc ? "application/json; charset=utf-8" : "application/json");
        request.Headers.Host = "api.eu-west-2.outscale.com";
        request.Headers.Accept.ParseAdd("application/json");
        request.Headers.Add(osc ? "X-Osc-Date" : "X-Amz-Date", "20260101T120000Z");
        request.Headers.TryAddWithoutValidation(
            "Authorization",
            osc
                ? $"OSC4-HMAC-SHA256 Credential={FakeOutscale.AccessKey}/20260101/eu-west-2/api/osc4_request, SignedHeaders=content-type;host;x-osc-date, Signature={signature}"
                : $"AWS4-HMAC-SHA256 Credential={FakeOutscale.AccessKey}/20260101/eu-west-2/oapi/aws4_request, SignedHeaders=accept;content-type;host;x-amz-date, Signature={signature}");
        using HttpResponseMessage response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        using JsonDocument answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        return (response.StatusCode, answer.RootElement.Clone());
    }
}
