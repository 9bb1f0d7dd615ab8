using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Link.Tests.Bed;

/// <summary>An agent's HTTP API, called from within its host.</summary>
internal sealed class AgentApi : IDisposable
{
    internal const int Port = 1313;

    /// <summary>Longer than the agent gives a command.</summary>
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(90);

    private readonly HttpClient _http;

    internal AgentApi(NetworkNamespace host, string socket)
    {
        IPEndPoint tcp = new(IPAddress.Loopback, Port);
        _http = NetworkNamespace.HttpClient(tcp, async cancel =>
        {
            if (!IsOverSocket)
                return new NetworkStream(await host.ConnectTcpAsync(tcp, cancel), ownsSocket: true);
            var unix = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await unix.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel);
            return new NetworkStream(unix, ownsSocket: true);
        });
    }

    /// <summary>By the Unix socket, where TCP wants credentials.</summary>
    internal bool IsOverSocket { get; set; }

    internal async Task<ApiAnswer> SendAsync(HttpMethod method, string path, JsonNode? body = null)
    {
        using var deadline = new CancellationTokenSource(Deadline);
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        using var response = await _http.SendAsync(request, deadline.Token);
        return new ApiAnswer((int)response.StatusCode, await response.Content.ReadAsStringAsync(deadline.Token));
    }

    internal Task<ApiAnswer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    internal Task<ApiAnswer> PostAsync(string path, JsonNode? body = null) => SendAsync(HttpMethod.Post, path, body);

    /// <returns>The new endpoint's id.</returns>
    internal async Task<string> AddAsync(IPAddress address, EndpointWish? wish = null)
    {
        var answer = (await PostAsync("/endpoints", (wish ?? new EndpointWish()).ToJson(address))).Expect(201);
        return (string)answer.Json["endpoint"]!["id"]!;
    }

    /// <returns>The new endpoint's id.</returns>
    internal async Task<string> AddWebhookAsync(string url, string resource)
    {
        var config = new JsonObject { ["url"] = url, ["resource_id"] = resource, ["secret"] = "shared" };
        var answer = (await PostAsync("/endpoints", new JsonObject { ["plugin"] = "webhook", ["plugin_config"] = config })).Expect(201);
        return (string)answer.Json["endpoint"]!["id"]!;
    }

    internal async Task SetChecksAsync(string id, params JsonNode[] checks) =>
        (await SendAsync(HttpMethod.Put, $"/endpoints/{id}", new JsonObject { ["healthchecks"] = new JsonArray(checks) })).Expect(200);

    internal Task<ApiAnswer> FailoverAsync(string id, string? to = null) =>
        PostAsync($"/endpoints/{id}/failover", to is null ? null : new JsonObject { ["to"] = to });

    internal Task<ApiAnswer> DeleteAsync(string id) => SendAsync(HttpMethod.Delete, $"/endpoints/{id}");

    /// <summary>The hosts that compete for an endpoint, as the agent knows them.</summary>
    internal async Task<IReadOnlyList<string>> CompetitorsAsync(string id)
    {
        var answer = (await GetAsync($"/endpoints/{id}/hosts")).Expect(200);
        return [.. answer.Json["hosts"]!.AsArray().Select(host => (string)host!["hostname"]!)];
    }

    /// <summary>State of each endpoint, by id.</summary>
    internal async Task<IReadOnlyDictionary<string, string>> StatesAsync()
    {
        var answer = (await GetAsync("/endpoints")).Expect(200);
        return answer.Json["endpoints"]!.AsArray().ToDictionary(entry => (string)entry!["id"]!, entry => (string)entry!["status"]!);
    }

    /// <returns>The endpoint's state, or the refusal: an agent that has just started may not know its endpoints yet.</returns>
    internal async Task<string> StateAsync(string id)
    {
        var answer = await GetAsync($"/endpoints/{id}");
        return answer.Status == 200 ? (string)answer.Json["endpoint"]!["status"]! : $"HTTP {answer.Status}";
    }

    public void Dispose() => _http.Dispose();
}
