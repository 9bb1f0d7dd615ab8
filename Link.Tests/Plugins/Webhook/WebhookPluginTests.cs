using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Link.Core.Net;
using Link.Core.Plugins;
using Link.Core.Plugins.Webhook;
using Link.Tests.Support;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Link.Tests.Plugins.Webhook;

/// <summary>The plugin as the agent drives it, and a receiver on loopback.</summary>
public sealed class WebhookPluginTests : IAsyncLifetime
{
    private const long Second = 1_000;
    private const string SharedSecret = "shared-secret é";
    private const string EndpointId = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";
    private const string DeliveryId = "0e2a7d4c-6f0b-4d7e-9a54-3b8f6f1f2a10";

    private readonly WallClock _clock = new();
    private readonly RemoteLoop _loop = new() { LockRevision = 42 };
    private readonly OutboundHttp _http;
    private readonly WebhookPlugin _plugin;
    private WebReceiver _receiver = null!;

    public WebhookPluginTests()
    {
        var names = new NameResolver();
        _http = new OutboundHttp(names, _clock);
        _plugin = new WebhookPlugin(_loop.Outputs, _http, names, TimeSpan.FromMinutes(5), "9.8.7", _clock);
    }

    public async ValueTask InitializeAsync() => _receiver = await WebReceiver.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _loop.Dispose();
        _http.Dispose();
        await _receiver.DisposeAsync();
    }

    // ---- what is sent -----------------------------------------------------------------------------

    [Fact]
    public async Task The_request_is_LinKs_header_for_header_and_ours_come_after_its_fields()
    {
        RemoteOutput output = Create("/hook?a=%2Fb&c=d", headers: new() { ["Authorization"] = "Bearer my-token", ["X-GB"] = "ü, \"q\"" });
        await Remote(output).ActivateAsync(new OutputCall(42, DeliveryId, _ => Task.FromResult(true)), TestContext.Current.CancellationToken);

        ReceivedRequest request = Assert.Single(_receiver.Requests);
        Assert.Equal(("POST", "/hook?a=%2Fb&c=d"), (request.Method, request.Target));
        Assert.Equal(
            """
            {"endpoint_id":"vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf","resource_id":"front","plugin":"webhook","status":"ACTIVATED",
            "hostname":"web-1","election_key":"webhook/front","revision":42,"delivery_id":"0e2a7d4c-6f0b-4d7e-9a54-3b8f6f1f2a10"}
            """.ReplaceLineEndings(""),
            request.Body);
        Assert.Equal(
            new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["Authorization"] = "Bearer my-token",
                ["Content-Length"] = request.Body.Length.ToString(),
                ["Content-Type"] = "application/json",
                ["Host"] = $"127.0.0.1:{_receiver.Port}",
                ["User-Agent"] = "link/9.8.7",
                ["X-GB"] = "ü, \"q\"",
                ["X-Link-Webhook-Resource-ID"] = "front",
                // From: printf '%s' '1767323045.{"endpoint_id"...}' | openssl dgst -sha256 -hmac 'shared-secret é'
                ["X-Link-Webhook-Signature"] = "325b3474af5bc84d923884311b91681d62072a033ffad481ad4e382e9be18d86",
                ["X-Link-Webhook-Timestamp"] = "1767323045",
            },
            new SortedDictionary<string, string>(request.Headers.ToDictionary(), StringComparer.Ordinal));
    }

    [Fact]
    public async Task Without_etcds_word_no_revision_is_told()
    {
        await Remote(Create()).DeactivateAsync(new OutputCall(0, DeliveryId, _ => Task.FromResult(true)), TestContext.Current.CancellationToken);
        Assert.Equal(["endpoint_id", "resource_id", "plugin", "status", "hostname", "election_key", "delivery_id"], Fields(_receiver.Requests[0]).EnumerateObject().Select(field => field.Name));
    }

    [Fact]
    public async Task Activation_refreshes_and_standby_are_told()
    {
        RemoteOutput output = Create();
        output.Activate(15, 41);
        await _loop.EndedAsync();
        for (int i = 0; i < 2; i++)
        {
            long pause = _loop.Outputs.NextDueMs!.Value - _loop.NowMs;
            Assert.InRange(pause, 225 * Second, 375 * Second);
            _loop.Pass(pause);
            await _loop.EndedAsync();
        }

        output.Deactivate();
        await _loop.EndedAsync();
        Assert.Equal(["ACTIVATED", "ACTIVATED", "ACTIVATED", "STANDBY"], _receiver.Requests.Select(Status));
        Assert.Equal(4, _receiver.Requests.Select(Delivery).Distinct().Count());
        Assert.All(_receiver.Requests, request => Assert.Equal(42, Fields(request).GetProperty("revision").GetInt64()));
        Assert.Null(_loop.Outputs.NextDueMs);
        Assert.Empty(_loop.Errors);
    }

    [Fact]
    public async Task A_standby_is_told_of_an_output_that_was_never_activated()
    {
        Create().Deactivate();
        await _loop.EndedAsync();
        Assert.Equal("STANDBY", Status(Assert.Single(_receiver.Requests)));
    }

    [Fact]
    public async Task Repetitions_carry_the_same_delivery_under_a_new_signature_and_a_new_wish_another()
    {
        _receiver.AnswerWith(500);
        RemoteOutput output = Create();
        output.Activate(null, 1);
        await _loop.EndedAsync();
        _clock.Now = _clock.Now.AddSeconds(100);
        _loop.Pass(_loop.Outputs.NextDueMs!.Value - _loop.NowMs);
        await _loop.EndedAsync();
        output.Activate(null, 2);
        await _loop.EndedAsync();

        ReceivedRequest[] requests = _receiver.Requests;
        Assert.Equal(requests[0].Body, requests[1].Body);
        Assert.NotEqual(Delivery(requests[0]), Delivery(requests[2]));
        Assert.Equal(["1767323045", "1767323145", "1767323145"], requests.Select(request => request.Headers["X-Link-Webhook-Timestamp"]));
        Assert.All(requests, request => Assert.Equal(Signature(request), request.Headers["X-Link-Webhook-Signature"]));
        Assert.Equal(3, requests.Select(request => request.Headers["X-Link-Webhook-Signature"]).Distinct().Count());
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("[::1]")]
    public async Task A_name_and_an_IPv6_address_work(string host)
    {
        await using WebReceiver receiver = await WebReceiver.StartAsync(address: host == "[::1]" ? IPAddress.IPv6Loopback : null);
        Create(url: $"http://{host}:{receiver.Port}/").Activate(null, 1);
        await _loop.EndedAsync();
        Assert.Equal($"{host}:{receiver.Port}", Assert.Single(receiver.Requests).Headers["Host"]);
        Assert.Empty(_loop.Errors);
    }

    [Fact]
    public async Task A_configured_CA_is_trusted_and_only_that()
    {
        using var authority = new TestAuthority();
        using var stranger = new TestAuthority();
        await using WebReceiver secure = await WebReceiver.StartAsync(authority.Issue(["localhost"]));
        string url = $"https://localhost:{secure.Port}/";
        Create(url: url, ca: authority.CaPem).Activate(null, 1);
        await _loop.EndedAsync();
        Assert.Empty(_loop.Errors);
        Assert.Equal(1, secure.Count);

        Create(url: url).Activate(null, 1);
        await _loop.EndedAsync();
        Create(url: url, ca: stranger.CaPem).Activate(null, 1);
        await _loop.EndedAsync();
        Create(url: $"https://127.0.0.1:{secure.Port}/", ca: authority.CaPem).Activate(null, 1);
        await _loop.EndedAsync();
        Assert.Collection(
            _loop.Errors,
            error => Assert.Contains("that is not trusted by this host's CAs", error, StringComparison.Ordinal),
            error => Assert.Contains("that is not trusted by the configured ca", error, StringComparison.Ordinal),
            error => Assert.Contains("the certificate of somebody else (CN=localhost)", error, StringComparison.Ordinal));
        Assert.Equal(1, secure.Count);
    }

    [Fact]
    public async Task What_LinK_stored_is_sent_as_LinK_sent_it()
    {
        string json = $$$"""
            {"url":"http://user:p%40ss@127.0.0.1:{{{_receiver.Port}}}/h#f","resource_id":"a b é","secret":"s","headers":{"Content-Type":"application/vnd.x+json",
            "User-Agent":"old","Host":"other","Content-Length":"1","X-Link-Webhook-Timestamp":"1","A B":"v","X":"a\nb","Content-Language":"en"}}
            """;
        Create(json, stored: true).Activate(null, 1);
        await _loop.EndedAsync();
        Assert.Empty(_loop.Errors);
        ReceivedRequest request = Assert.Single(_receiver.Requests);
        Assert.Equal("/h", request.Target);
        Assert.Equal(
            ["Authorization", "Content-Language", "Content-Length", "Content-Type", "Host", "User-Agent", "X-Link-Webhook-Resource-ID", "X-Link-Webhook-Signature", "X-Link-Webhook-Timestamp"],
            request.Headers.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("Basic " + Convert.ToBase64String("user:p@ss"u8), request.Headers["Authorization"]);
        Assert.Equal(("application/vnd.x+json", "old", "a b é"), (request.Headers["Content-Type"], request.Headers["User-Agent"], request.Headers["X-Link-Webhook-Resource-ID"]));
        Assert.Equal(("1767323045", $"127.0.0.1:{_receiver.Port}"), (request.Headers["X-Link-Webhook-Timestamp"], request.Headers["Host"]));
    }

    // ---- what comes back --------------------------------------------------------------------------

    [Theory]
    [InlineData(200)]
    [InlineData(201)]
    [InlineData(202)]
    [InlineData(204)]
    [InlineData(299)]
    public async Task Any_2xx_is_success(int status)
    {
        _receiver.AnswerWith(status);
        Create().Activate(null, 1);
        await _loop.EndedAsync();
        Assert.Empty(_loop.Errors);
    }

    [Theory]
    [InlineData(304, "it redirects to nowhere, and redirects are not followed; give the final URL")]
    [InlineData(400, "it does not accept the request; is it the URL of a receiver of these webhooks?")]
    [InlineData(401, "it does not know the sender; check secret and headers")]
    [InlineData(403, "it does not allow it; check secret, headers and its access rules")]
    [InlineData(404, "there is nothing at this path; check the URL, or is the receiver being deployed?")]
    [InlineData(405, "it takes no POST at this path; check the URL")]
    [InlineData(408, "the request took it too long")]
    [InlineData(410, "there is nothing at this path; check the URL, or is the receiver being deployed?")]
    [InlineData(418, "only 2xx is success")]
    [InlineData(425, "only 2xx is success")]
    [InlineData(429, "too many requests for it")]
    [InlineData(500, "it failed; look at its log")]
    [InlineData(502, "its gateway does not reach the receiver")]
    [InlineData(503, "it is not available now")]
    public async Task Another_status_is_told_with_its_meaning_and_tried_again_soon(int status, string meaning)
    {
        _receiver.AnswerWith(status);
        Create().Activate(null, 1);
        await _loop.EndedAsync();
        Assert.Equal($"127.0.0.1:{_receiver.Port} answered {status}: {meaning}", Assert.Single(_loop.Errors));
        Assert.InRange(_loop.Outputs.NextDueMs!.Value - _loop.NowMs, 750, 1250);
    }

    [Theory]
    [InlineData(429, 60)]
    [InlineData(503, 60)]
    [InlineData(500, 1)]
    public async Task The_pause_that_an_overloaded_receiver_asks_for_is_kept(int status, int seconds)
    {
        _receiver.AnswerWith(status, headers: ("Retry-After", "60"));
        Create().Activate(null, 1);
        await _loop.EndedAsync();
        Assert.InRange(_loop.Outputs.NextDueMs!.Value - _loop.NowMs, seconds * 750, seconds * 1250);
    }

    [Fact]
    public async Task A_redirect_is_a_failure_that_names_the_host_and_nothing_goes_there()
    {
        await using WebReceiver other = await WebReceiver.StartAsync();
        _receiver.AnswerWith(307, headers: ("Location", $"http://u:p@localhost:{other.Port}/?token=t0ken"));
        RemoteOutput output = Create();
        output.Activate(null, 1);
        await _loop.EndedAsync();
        _receiver.AnswerWith(301, headers: ("Location", "/elsewhere?token=t0ken"));
        output.Deactivate();
        await _loop.EndedAsync();
        Assert.Equal(
            [
                $"127.0.0.1:{_receiver.Port} answered 307: it redirects to http://localhost, and redirects are not followed; give the final URL",
                $"127.0.0.1:{_receiver.Port} answered 301: it redirects to another path of the same host, and redirects are not followed; give the final URL",
            ],
            _loop.Errors);
        Assert.Equal(0, other.Count);
    }

    [Fact]
    public async Task A_standby_does_not_wait_for_an_activation_that_hangs_or_is_repeated()
    {
        _receiver.Answer = context => _receiver.Count == 1 ? WebReceiver.HangAsync(context) : Task.CompletedTask;
        RemoteOutput output = Create();
        output.Activate(null, 1);
        await _loop.UntilAsync(() => _receiver.Count == 1);
        output.Deactivate();
        await _loop.EndedAsync();
        Assert.Equal(["ACTIVATED", "STANDBY"], _receiver.Requests.Select(Status));

        _receiver.AnswerWith(500);
        output.Activate(null, 1);
        await _loop.EndedAsync();
        _receiver.AnswerWith(204);
        output.Deactivate();
        await _loop.EndedAsync();
        Assert.Equal(["ACTIVATED", "STANDBY", "ACTIVATED", "STANDBY"], _receiver.Requests.Select(Status));
        Assert.Single(_loop.Errors);
    }

    [Fact]
    public async Task After_five_seconds_silence_is_a_failure_and_a_status_counts_whatever_becomes_of_the_body()
    {
        _receiver.Answer = WebReceiver.HangAsync;
        using RawReceiver good = RawReceiver.Huge(200, 1, TimeSpan.FromMilliseconds(10));
        using RawReceiver bad = RawReceiver.Huge(404, 1, TimeSpan.FromMilliseconds(10));
        RemoteOutput[] outputs = [Create(), Create(url: good.Url), Create(url: bad.Url)];
        Assert.All(outputs, output => Assert.Equal(TimeSpan.FromSeconds(5), output.Remote.Deadline));
        Array.ForEach(outputs, output => output.Activate(null, 1));
        await _loop.EndedAsync();
        await _loop.EndedAsync();
        await _loop.EndedAsync();
        Assert.Equal(2, _loop.Errors.Count);
        Assert.Matches($@"^127\.0\.0\.1:{_receiver.Port} gave no answer within [0-9.]+ s; ", _loop.Errors.Single(error => error.Contains($":{_receiver.Port} ", StringComparison.Ordinal)));
        Assert.Matches(@" answered 404: there is nothing at this path; .* \(""x{1,120}…?""\)$", _loop.Errors.Single(error => error.Contains($":{bad.Port} ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Of_a_huge_answer_only_the_start_is_read()
    {
        using RawReceiver good = RawReceiver.Huge(200, 10_000, most: 70_000);
        using RawReceiver bad = RawReceiver.Huge(500, 10_000, most: 70_000);
        Create(url: good.Url).Activate(null, 1);
        await _loop.EndedAsync();
        Assert.Empty(_loop.Errors);
        Create(url: bad.Url).Activate(null, 1);
        await _loop.EndedAsync();
        Assert.EndsWith($"it failed; look at its log (\"{new string('x', 120)}…\")", Assert.Single(_loop.Errors), StringComparison.Ordinal);
        await good.ClosedAsync(TestContext.Current.CancellationToken);
        await bad.ClosedAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_little_of_the_answer_is_told_on_one_line()
    {
        _receiver.AnswerWith(500, "no such pool:\r\n\tfront\u001b[31m \u202Egnp.exe\0 " + new string('y', 500));
        RemoteOutput output = Create();
        output.Activate(null, 1);
        await _loop.EndedAsync();
        string start = "no such pool: front [31m gnp.exe ";
        Assert.EndsWith($"it failed; look at its log (\"{start}{new string('y', 120 - start.Length)}…\")", Assert.Single(_loop.Errors), StringComparison.Ordinal);

        _receiver.AnswerWith(500, "PNG", "image/png");
        output.Deactivate();
        await _loop.EndedAsync();
        Assert.EndsWith("it failed; look at its log", _loop.Errors[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_that_the_answer_repeats_are_masked()
    {
        const string Token = "t<0>k\"en é";
        string basic = Convert.ToBase64String("user:pässword"u8);
        RemoteOutput output = Create(headers: new() { ["Authorization"] = $"Bearer {Token}", ["X-Basic"] = $"Basic {basic}", ["X-Words"] = "ab cd ef" });
        Func<ReceivedRequest, string>[] echoes =
        [
            _ => SharedSecret,
            _ => Uri.EscapeDataString(SharedSecret),
            _ => JsonSerializer.Serialize(SharedSecret),
            request => request.Headers["X-Words"].Replace(' ', '\n'),
            _ => Convert.ToBase64String(Encoding.UTF8.GetBytes(SharedSecret)),
            request => request.Headers["X-Link-Webhook-Signature"],
            request => request.Headers["X-Link-Webhook-Signature"].ToUpperInvariant(),
            request => request.Headers["Authorization"],
            request => JsonSerializer.Serialize(request.Headers["Authorization"]),
            request => WebUtility.HtmlEncode(request.Headers["Authorization"]),
            request => request.Headers["X-Basic"],
            _ => basic,
        ];
        foreach (Func<ReceivedRequest, string> echo in echoes)
        {
            _receiver.Answer = context =>
            {
                context.Response.StatusCode = 400;
                return context.Response.WriteAsync($"<{echo(_receiver.Requests[^1])}>");
            };
            output.Activate(null, 1);
            await _loop.EndedAsync();
            string shown = _loop.Errors[^1][(_loop.Errors[^1].IndexOf('(', StringComparison.Ordinal))..];
            Assert.Contains(shown, new[] { "(\"<***>\")", "(\"<\"***\">\")" });
        }
    }

    // ---- the rest ---------------------------------------------------------------------------------

    [Fact]
    public void The_plugin_names_its_secrets_and_takes_any_number_of_endpoints_with_one_URL()
    {
        Assert.Equal("webhook", _plugin.Name);
        Assert.Equal(["secret", "headers.*"], _plugin.SecretFields);
        Assert.Null(((IPlugin)_plugin).FindTwin(_plugin.Read(Parse(Json()), stored: false).Value!));
        Assert.False(Create().IsOnLan);
    }

    private static IRemoteOutput Remote(RemoteOutput output) => output.Remote;

    private static JsonElement Fields(ReceivedRequest request) => Parse(request.Body);

    private static string Status(ReceivedRequest request) => Fields(request).GetProperty("status").GetString()!;

    private static string Delivery(ReceivedRequest request) => Fields(request).GetProperty("delivery_id").GetString()!;

    private static string Signature(ReceivedRequest request) => Convert.ToHexStringLower(HMACSHA256.HashData(
        Encoding.UTF8.GetBytes(SharedSecret), Encoding.UTF8.GetBytes($"{request.Headers["X-Link-Webhook-Timestamp"]}.{request.Body}")));

    private static JsonElement Parse(string json)
    {
        using JsonDocument document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    private string Json(string path = "/hook", string? url = null, string? ca = null, Dictionary<string, string>? headers = null)
    {
        Dictionary<string, object> config = new() { ["url"] = url ?? $"http://127.0.0.1:{_receiver.Port}{path}", ["resource_id"] = "front", ["secret"] = SharedSecret };
        if (headers != null)
            config["headers"] = headers;
        if (ca != null)
            config["ca"] = ca;
        return JsonSerializer.Serialize(config);
    }

    private RemoteOutput Create(string path = "/hook", string? url = null, string? ca = null, Dictionary<string, string>? headers = null) =>
        Create(Json(path, url, ca, headers), stored: false);

    private RemoteOutput Create(string json, bool stored)
    {
        Validated<PluginConfig> read = _plugin.Read(Parse(json), stored);
        Assert.Empty(read.Errors);
        return (RemoteOutput)_plugin.Create(new OutputTarget(EndpointId, read.Value!.ElectionKey, "web-1"), read.Value);
    }
}
