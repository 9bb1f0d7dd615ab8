using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Link.Core.Net;
using Link.Core.Plugins;
using Link.Core.Plugins.Webhook;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Plugins.Webhook;

/// <summary>The plugin as the agent drives it, and a receiver on loopback.</summary>
public sealed partial class WebhookPluginTests : IAsyncLifetime
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
        _plugin = new WebhookPlugin(_loop.Outputs, _http, names, OutboundRules.Default, TimeSpan.FromMinutes(5), "9.8.7", _clock);
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
    public async Task Endpoints_with_the_same_CA_share_connections_and_others_do_not()
    {
        using var authority = new TestAuthority();
        await using WebReceiver secure = await WebReceiver.StartAsync(authority.Issue(["localhost"]));
        string url = $"https://localhost:{secure.Port}/";
        for (int i = 0; i < 3; i++)
        {
            Create(url: url, ca: authority.CaPem).Activate(null, 1);
            await _loop.EndedAsync();
        }

        Assert.Equal((3, 1), (secure.Count, secure.Connections));
        // It trusts more, so that a connection of the others' would not do for it.
        Create(url: url, ca: authority.CaPem + authority.CaPem).Activate(null, 1);
        await _loop.EndedAsync();
        Assert.Equal((4, 2), (secure.Count, secure.Connections));
        Assert.Empty(_loop.Errors);
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

    [Fact]
    public void The_plugin_names_its_secrets_and_takes_any_number_of_endpoints_with_one_URL()
    {
        Assert.Equal("webhook", _plugin.Name);
        Assert.Equal(["secret", "headers.*"], _plugin.SecretFields);
        Assert.Null(((IPlugin)_plugin).FindTwin(_plugin.Read(Parse(Json()), stored: false).Value!));
        Assert.False(Create().IsOnLan);
    }

    [Fact]
    public async Task A_URL_of_a_clouds_metadata_is_refused_when_it_is_added_and_fails_when_it_was_stored()
    {
        string json = Json(url: "http://0xa9fea9fe/latest/meta-data");
        string fault = Assert.Single(_plugin.Read(Parse(json), stored: false).Errors["url"]);
        Assert.Equal("may not be called: 169.254.169.254 is link-local, where clouds keep a machine's credentials; if it has to be called, name it in WEBHOOK_ALLOW", fault);
        Create(json, stored: true).Activate(null, 1);
        await _loop.EndedAsync();
        Assert.Equal($"169.254.169.254:80 {fault}", Assert.Single(_loop.Errors));

        // With a CA of its own it has connections of its own, and the same rules.
        using var authority = new TestAuthority();
        Create(Json(url: "https://169.254.169.254/", ca: authority.CaPem), stored: true).Activate(null, 1);
        await _loop.EndedAsync();
        Assert.Contains(" may not be called: ", _loop.Errors[1], StringComparison.Ordinal);
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
