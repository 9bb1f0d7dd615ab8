using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging;

namespace Link.Tests.Plugins.Outscale;

/// <summary>
/// Outscale's API on a loopback address: the three actions, with their state. It computes each signature anew from the request as it came, in both
/// forms that the real one takes, and locks the account as the real one does.
/// </summary>
internal sealed partial class FakeOutscale : IAsyncDisposable
{
    public const string AccessKey = "ABCDEFGHIJ0123456789";
    public const string SecretKey = "0123456789ABCDEFGHIJ0123456789ABCDEFGHIJ";

    private readonly Lock _lock = new();
    private readonly WebApplication _app;
    private readonly Dictionary<string, Address> _addresses = new(StringComparer.Ordinal);
    private readonly HashSet<string> _nics = [];
    private readonly List<string> _calls = [];
    private readonly Dictionary<string, HeldRequest> _held = [];
    private readonly Queue<(string? Action, Func<HttpContext, Task> Answer)> _faults = new();
    private readonly CancellationTokenSource _stop = new();
    private int _lastLink = 0x12345678;
    private int _lastRequest;

    private sealed class Address
    {
        public required string Ip { get; init; }

        public string? NicId { get; set; }

        public string? LinkId { get; set; }
    }

    private FakeOutscale(Func<DateTimeOffset> now)
    {
        _now = now;
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1));
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public Uri Url => new(_app.Urls.Single() + "/api/v1");

    /// <summary>Every request that came, by action.</summary>
    public IReadOnlyList<string> Calls
    {
        get
        {
            lock (_lock)
                return [.. _calls];
        }
    }

    public static async Task<FakeOutscale> StartAsync(Func<DateTimeOffset> now)
    {
        var fake = new FakeOutscale(now);
        await fake._app.StartAsync();
        return fake;
    }

    public void AddNic(string id) => _nics.Add(id);

    public void AddPublicIp(string id) => _addresses.Add(id, new Address { Ip = $"192.0.2.{_addresses.Count + 1}" });

    /// <summary>Where a public IP is linked.</summary>
    public string? NicOf(string publicIpId)
    {
        lock (_lock)
            return _addresses[publicIpId].NicId;
    }

    public string? LinkOf(string publicIpId)
    {
        lock (_lock)
            return _addresses[publicIpId].LinkId;
    }

    /// <summary>Somebody links it by other means; null: unlinks it.</summary>
    public void Move(string publicIpId, string? nicId)
    {
        lock (_lock)
            Put(_addresses[publicIpId], nicId);
    }

    public int CallsOf(string action) => Calls.Count(call => call == action);

    /// <summary>The next request is answered otherwise, after its signature was looked at.</summary>
    /// <param name="action">Only one of this action; null: any.</param>
    public void Fail(Func<HttpContext, Task> answer, string? action = null)
    {
        lock (_lock)
            _faults.Enqueue((action, answer));
    }

    public void Fail(int status, string code, string type, string details = "", string? action = null) => Fail(context => WriteErrorAsync(context, status, code, type, details), action);

    public void FailText(int status, string contentType, string text, string? action = null) => Fail(
        context =>
        {
            context.Response.StatusCode = status;
            context.Response.ContentType = contentType;
            context.Response.Headers.Date = _now().ToString("R", CultureInfo.InvariantCulture);
            return context.Response.WriteAsync(text);
        },
        action);

    /// <summary>The next request is never answered.</summary>
    public void Hang(string? action = null) => Fail(context => Task.Delay(Timeout.Infinite, CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, context.RequestAborted).Token), action);

    /// <summary>Stops the next request of an action before it is carried out.</summary>
    public HeldRequest Hold(string action)
    {
        var held = new HeldRequest();
        lock (_lock)
            _held.Add(action, held);
        return held;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _app.DisposeAsync();
        _stop.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        using var copy = new MemoryStream();
        await context.Request.Body.CopyToAsync(copy, context.RequestAborted);
        byte[] body = copy.ToArray();
        string action = context.Request.Path.Value!.Split('/')[^1];
        HeldRequest? held;
        lock (_lock)
        {
            _calls.Add(action);
            _held.Remove(action, out held);
        }

        if (context.Request.Method != "POST" || !context.Request.Path.StartsWithSegments("/api/v1"))
        {
            await WriteErrorAsync(context, 405, "2", "AccessDenied", "method not allowed");
            return;
        }

        string? denied;
        lock (_lock)
            denied = Authenticate(context.Request, body);
        if (denied != null)
        {
            // The real one is not known to repeat what it got; a proxy may.
            await WriteErrorAsync(context, 401, denied, "AccessDenied", $"no access for {context.Request.Headers.Authorization}");
            return;
        }

        if (held != null)
            await held.ArriveAsync();
        if (NextFault(action) is { } fault)
        {
            await fault(context);
            return;
        }

        (int status, JsonObject answer) = Carry(action, JsonDocument.Parse(body).RootElement);
        await WriteAsync(context, status, answer);
    }

    private Func<HttpContext, Task>? NextFault(string action)
    {
        lock (_lock)
        {
            if (!_faults.TryPeek(out var next) || (next.Action != null && next.Action != action))
                return null;
            return _faults.Dequeue().Answer;
        }
    }

    private (int Status, JsonObject Answer) Carry(string action, JsonElement request)
    {
        lock (_lock)
        {
            return action switch
            {
                "ReadPublicIps" => Read(request),
                "LinkPublicIp" => Link(request),
                "UnlinkPublicIp" => Unlink(request),
                _ => Refuse(404, "1", "InvalidParameterValue", "no such action"),
            };
        }
    }

    private (int Status, JsonObject Answer) Read(JsonElement request)
    {
        JsonElement filters = request.TryGetProperty("Filters", out JsonElement given) ? given : default;
        List<JsonObject> found = [];
        foreach ((string id, Address address) in _addresses.OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            if (!Passes(filters, "PublicIpIds", id) || !Passes(filters, "NicIds", address.NicId) || !Passes(filters, "LinkPublicIpIds", address.LinkId))
                continue;
            var item = new JsonObject { ["PublicIpId"] = id, ["PublicIp"] = address.Ip, ["Tags"] = new JsonArray() };
            if (address.NicId != null)
            {
                item["LinkPublicIpId"] = address.LinkId;
                item["NicId"] = address.NicId;
                item["NicAccountId"] = "123456789012";
                item["PrivateIp"] = "10.0.0.4";
            }

            found.Add(item);
        }

        int size = request.TryGetProperty("ResultsPerPage", out JsonElement perPage) ? perPage.GetInt32() : 1000;
        int from = request.TryGetProperty("NextPageToken", out JsonElement token) ? int.Parse(token.GetString()!, CultureInfo.InvariantCulture) : 0;
        if (size is < 1 or > 1000)
            return Refuse(400, "4047", "InvalidParameterValue", "ResultsPerPage must be 1 to 1000");
        var answer = new JsonObject { ["PublicIps"] = new JsonArray([.. found.Skip(from).Take(size)]) };
        if (from + size < found.Count)
            answer["NextPageToken"] = (from + size).ToString(CultureInfo.InvariantCulture);
        return (200, answer);
    }

    private (int Status, JsonObject Answer) Link(JsonElement request)
    {
        if (Text(request, "PublicIpId") is not { } id || !_addresses.TryGetValue(id, out Address? address))
            return Refuse(400, "5025", "InvalidResource", "The PublicIpId does not exist.");
        if (Text(request, "NicId") is not { } nic || !_nics.Contains(nic))
            return Refuse(400, "5036", "InvalidResource", "The NicId does not exist.");
        bool relinks = request.TryGetProperty("AllowRelink", out JsonElement allowed) && allowed.GetBoolean();
        if (address.NicId != null && address.NicId != nic && !relinks)
            return Refuse(409, "9029", "ResourceConflict", "The public IP is linked.");
        if (address.NicId != nic)
            Put(address, nic);
        return (200, new JsonObject { ["LinkPublicIpId"] = address.LinkId });
    }

    private (int Status, JsonObject Answer) Unlink(JsonElement request)
    {
        string? link = Text(request, "LinkPublicIpId");
        string? ip = Text(request, "PublicIp");
        Address? address = _addresses.Values.FirstOrDefault(item => item.LinkId != null && (item.LinkId == link || item.Ip == ip));
        if (address == null)
            return Refuse(400, "5065", "InvalidResource", "The LinkPublicIpId does not exist.");
        Put(address, null);
        return (200, []);
    }

    private void Put(Address address, string? nicId)
    {
        address.NicId = nicId;
        address.LinkId = nicId == null ? null : $"eipassoc-{_lastLink++:x8}";
    }

    private static bool Passes(JsonElement filters, string name, string? value) =>
        filters.ValueKind != JsonValueKind.Object || !filters.TryGetProperty(name, out JsonElement wanted) || wanted.EnumerateArray().Any(item => item.GetString() == value);

    private static string? Text(JsonElement request, string name) => request.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static (int Status, JsonObject Answer) Refuse(int status, string code, string type, string details) =>
        (status, new JsonObject { ["Errors"] = new JsonArray(new JsonObject { ["Code"] = code, ["Type"] = type, ["Details"] = details }) });

    private Task WriteErrorAsync(HttpContext context, int status, string code, string type, string details) => WriteAsync(context, status, Refuse(status, code, type, details).Answer);

    private Task WriteAsync(HttpContext context, int status, JsonObject answer)
    {
        answer["ResponseContext"] = new JsonObject { ["RequestId"] = $"0475ca1e-d0c5-441d-712a-{Interlocked.Increment(ref _lastRequest):x12}" };
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        context.Response.Headers.Date = _now().ToString("R", CultureInfo.InvariantCulture);
        return context.Response.WriteAsync(answer.ToJsonString());
    }
}
