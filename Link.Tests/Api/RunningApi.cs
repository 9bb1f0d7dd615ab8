using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Link.Core.Api;
using Xunit;

namespace Link.Tests.Api;

/// <summary>An <see cref="ApiServer"/> on a free loopback port and, if wanted, a Unix socket, with a fake agent behind it.</summary>
internal sealed class RunningApi : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly HttpClient _http;
    private readonly List<string> _log;

    private RunningApi(ApiServer server, FakeAgent agent, List<string> log)
    {
        Server = server;
        Agent = agent;
        _log = log;
        Url = $"http://{server.Listening[0]}";
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = new Uri(Url), Timeout = Patience };
    }

    public ApiServer Server { get; }

    public FakeAgent Agent { get; }

    /// <summary>The lines so far.</summary>
    public IReadOnlyList<string> Log
    {
        get
        {
            lock (_log)
                return [.. _log];
        }
    }

    public string Url { get; }

    public string Host => Server.Listening[0].ToString();

    public static async Task<RunningApi> StartAsync(Func<ApiOptions, ApiOptions>? change = null, TimeProvider? time = null)
    {
        ApiOptions options = new() { Version = "1.2.3", Addresses = [IPAddress.Loopback], Port = 0, StopDeadline = TimeSpan.FromMilliseconds(200), ReadDeadline = Patience, HandshakeDeadline = Patience, HeapCeilingBytes = long.MaxValue };
        List<string> log = [];
        FakeAgent agent = new();
        ApiServer server = new(change?.Invoke(options) ?? options, agent, time ?? TimeProvider.System, (line, fault) =>
        {
            lock (log)
            {
                log.Add(fault is null ? line : $"{line}: {fault}");
            }
        });
        await server.StartAsync(TestContext.Current.CancellationToken);
        return new RunningApi(server, agent, log);
    }

    /// <param name="type">Of the body; null: it has none.</param>
    public async Task<ApiReply> SendAsync(string method, string path, string? body = null, Action<HttpRequestHeaders>? headers = null, string? type = "application/json")
    {
        using HttpRequestMessage request = new(new HttpMethod(method), path);
        headers?.Invoke(request.Headers);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = type is null ? null : new MediaTypeHeaderValue(type, "utf-8");
        }

        using HttpResponseMessage response = await _http.SendAsync(request, TestContext.Current.CancellationToken);
        string text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        IEnumerable<KeyValuePair<string, IEnumerable<string>>> all = response.Headers.Concat(response.Content.Headers);
        return new ApiReply((int)response.StatusCode, text, all.ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>Sends bytes as they are and returns everything that comes until the server closes.</summary>
    public async Task<string> SendRawAsync(string text)
    {
        using TcpClient client = await ConnectAsync();
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.Latin1.GetBytes(text), TestContext.Current.CancellationToken);
        using StreamReader reader = new(stream, Encoding.UTF8);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }

    public async Task<TcpClient> ConnectAsync()
    {
        TcpClient client = new();
        await client.ConnectAsync(Server.Listening[0], TestContext.Current.CancellationToken);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await Server.DisposeAsync();
    }
}

/// <summary>What came back.</summary>
internal sealed record ApiReply(int Status, string Body, IReadOnlyDictionary<string, string> Headers)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}
