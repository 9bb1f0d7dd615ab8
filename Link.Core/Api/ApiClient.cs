using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Link.Core.Api.Tls;

namespace Link.Core.Api;

/// <summary>Client of one agent's API.</summary>
/// <remarks>
/// Every call throws <see cref="ApiRefusedException"/> when the agent says no, <see cref="ApiUnreachableException"/> when nobody answers in time, and
/// <see cref="ApiUntrustedException"/> when TLS does not come about.
/// </remarks>
internal sealed class ApiClient : IDisposable
{
    private const int MaxAnswerBytes = 16 * 1024 * 1024;
    private const string SocketIsClosed = "permission denied on the Unix socket: use sudo, or join the group link";

    private static readonly TimeSpan s_connectTimeout = TimeSpan.FromSeconds(5);

    private readonly ApiClientOptions _options;
    private readonly HttpMessageInvoker _http;
    private readonly Uri _base;
    private readonly AuthenticationHeaderValue? _authorization;

    /// <summary>TLS of a connection that has not answered yet.</summary>
    private ClientTls? _tls;
    private bool _socketIsClosedToUs;

    public ApiClient(ApiClientOptions options)
    {
        _options = options;
        // To the handler every request is plain: sockets and TLS are ours, and say better what goes wrong.
        _base = options.Url is { } url ? new UriBuilder(Uri.UriSchemeHttp, url.Host, url.Port).Uri : new Uri("http://localhost");
        SocketsHttpHandler handler = new()
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            ConnectTimeout = s_connectTimeout,
            ActivityHeadersPropagator = null,
            ConnectCallback = (context, cancel) => ConnectAsync(context.DnsEndPoint, cancel),
        };

        _http = new HttpMessageInvoker(handler);
        if (!string.IsNullOrEmpty(options.User) || !string.IsNullOrEmpty(options.Password))
        {
            _authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.User}:{options.Password}")));
        }
    }

    /// <summary>Where this client asks, for messages.</summary>
    public string Target => _options.Target;

    public async Task<string> VersionAsync(CancellationToken cancel) =>
        ApiAnswerReader.Text(Required(await SendAsync(HttpMethod.Get, "/version", null, cancel)), "version") ?? "";

    /// <summary>An agent that is not healthy answers 503, and still answers.</summary>
    public async Task<HealthAnswer> HealthAsync(CancellationToken cancel)
    {
        (int status, JsonElement? json, string error) = await RoundTripAsync(HttpMethod.Get, "/health", null, cancel);
        return json is { } body && ApiAnswerReader.Property(body, "healthy") is not null
            ? ApiAnswerReader.Health(body)
            : throw new ApiRefusedException(status, status == 404 ? "the agent has no /health; it is an older one" : error);
    }

    public async Task<IReadOnlyList<EndpointAnswer>> ListAsync(ApiForm form, CancellationToken cancel)
    {
        JsonElement json = Required(await SendAsync(HttpMethod.Get, Path(form), null, cancel));
        return ApiAnswerReader.Items(json, form == ApiForm.Endpoints ? "endpoints" : "ips").ConvertAll(ApiAnswerReader.Endpoint);
    }

    /// <returns>The endpoint, or null when the agent has none of that id.</returns>
    public async Task<EndpointAnswer?> FindAsync(ApiForm form, string id, CancellationToken cancel)
    {
        try
        {
            JsonElement json = Required(await SendAsync(HttpMethod.Get, Path(form, id), null, cancel));
            return ApiAnswerReader.Endpoint(ApiAnswerReader.Property(json, form == ApiForm.Endpoints ? "endpoint" : "ip") ?? json);
        }
        catch (ApiRefusedException refused) when (refused.Status == 404)
        {
            return null;
        }
    }

    public async Task<IReadOnlyList<string>> HostsAsync(ApiForm form, string id, CancellationToken cancel)
    {
        JsonElement json = Required(await SendAsync(HttpMethod.Get, Path(form, id, "/hosts"), null, cancel));
        return ApiAnswerReader.Items(json, "hosts").ConvertAll(host => ApiAnswerReader.Text(host, "hostname") ?? "");
    }

    public async Task<EndpointAnswer> AddAsync(ApiForm form, NewEndpoint wish, CancellationToken cancel)
    {
        ReadOnlyMemory<byte> body = ApiJson.Write(json =>
        {
            json.WriteStartObject();
            json.WriteNumber("healthcheck_interval", wish.HealthcheckIntervalSeconds);
            json.WritePropertyName("checks");
            ApiJson.WriteChecks(json, wish.Checks);
            if (form == ApiForm.Endpoints)
            {
                json.WriteString("plugin", wish.Plugin);
                json.WritePropertyName("plugin_config");
                wish.PluginConfig.WriteTo(json);
            }
            else
            {
                foreach (JsonProperty field in wish.PluginConfig.EnumerateObject())
                {
                    field.WriteTo(json);
                }
            }

            json.WriteEndObject();
        });

        JsonElement answer = Required(await SendAsync(HttpMethod.Post, Path(form), body, cancel));
        return ApiAnswerReader.Endpoint(ApiAnswerReader.Property(answer, "endpoint") ?? answer);
    }

    public async Task<EndpointAnswer> SetChecksAsync(ApiForm form, string id, IReadOnlyList<HealthCheckContract> checks, CancellationToken cancel)
    {
        ReadOnlyMemory<byte> body = ApiJson.Write(json =>
        {
            json.WriteStartObject();
            json.WritePropertyName("healthchecks");
            ApiJson.WriteChecks(json, checks);
            json.WriteEndObject();
        });

        JsonElement answer = Required(await SendAsync(HttpMethod.Patch, Path(form, id), body, cancel));
        return ApiAnswerReader.Endpoint(ApiAnswerReader.Property(answer, "endpoint") ?? answer);
    }

    public Task DeleteAsync(ApiForm form, string id, CancellationToken cancel) => SendAsync(HttpMethod.Delete, Path(form, id), null, cancel);

    public Task FailoverAsync(ApiForm form, string id, string? toHost, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, Path(form, id, "/failover"), toHost is null ? null : ApiJson.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("to", toHost);
            json.WriteEndObject();
        }), cancel);

    public Task LockAsync(ApiForm form, string id, CancellationToken cancel) => SendAsync(HttpMethod.Post, Path(form, id, "/lock"), null, cancel);

    /// <returns>What the agent says about it, where it says something.</returns>
    public async Task<string?> DrainAsync(CancellationToken cancel) => Message(await SendAsync(HttpMethod.Post, "/drain", null, cancel));

    /// <inheritdoc cref="DrainAsync"/>
    public async Task<string?> UndrainAsync(CancellationToken cancel) => Message(await SendAsync(HttpMethod.Post, "/undrain", null, cancel));

    /// <summary>Ends when the agent says that it is done, which may be before the rotation is: a 503 says that it goes on.</summary>
    public Task RotateSecretsAsync(bool force, CancellationToken cancel) =>
        SendAsync(HttpMethod.Post, "/encrypted_storage/key_rotation", force ? ApiJson.Write(json =>
        {
            json.WriteStartObject();
            json.WriteBoolean("force", true);
            json.WriteEndObject();
        }) : null, cancel);

    /// <returns>How far the rotation is; null: the agent does not tell, because it is LinK's.</returns>
    public async Task<RotationSnapshot?> FindRotationAsync(CancellationToken cancel)
    {
        (int status, JsonElement? json, string error) = await RoundTripAsync(HttpMethod.Get, "/encrypted_storage/key_rotation", null, cancel);
        return status switch
        {
            200 when json is { } body && ApiAnswerReader.Property(body, "running") is not null => ApiAnswerReader.Rotation(body),
            200 or 404 or 405 => null,
            _ => throw new ApiRefusedException(status, error),
        };
    }

    /// <summary>What the last answer said of etcd when it is not ok: connecting, silent or lost. Null: it is ok, or the agent is LinK's and does not say.</summary>
    public string? EtcdTrouble { get; private set; }

    public void Dispose() => _http.Dispose();

    private static string? Message(JsonElement? json) => json is { } body ? ApiAnswerReader.Text(body, "message") : null;

    private static string Path(ApiForm form) => form == ApiForm.Endpoints ? "/endpoints" : "/ips";

    private static string Path(ApiForm form, string id, string rest = "") => $"{Path(form)}/{Uri.EscapeDataString(id)}{rest}";

    private JsonElement Required(JsonElement? json) => json ?? throw new ApiRefusedException(200, $"{Target} answers, but not as a LinK agent does");

    private async Task<JsonElement?> SendAsync(HttpMethod method, string path, ReadOnlyMemory<byte>? body, CancellationToken cancel)
    {
        (int status, JsonElement? json, string error) = await RoundTripAsync(method, path, body, cancel);
        return status is >= 200 and < 300 ? json : throw new ApiRefusedException(status, error);
    }

    private async Task<(int Status, JsonElement? Json, string Error)> RoundTripAsync(HttpMethod method, string path, ReadOnlyMemory<byte>? body, CancellationToken cancel)
    {
        using HttpRequestMessage request = new(method, new Uri(_base, path));
        request.Headers.Authorization = _authorization;
        if (body is { } content)
        {
            request.Content = new ReadOnlyMemoryContent(content) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        }

        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(_options.Timeout);
        try
        {
            using HttpResponseMessage response = await _http.SendAsync(request, deadline.Token);
            _tls = null;
            ReadOnlyMemory<byte> text = await ReadAsync(response.Content, deadline.Token);
            int status = (int)response.StatusCode;
            EtcdTrouble = response.Headers.TryGetValues("X-Link-Etcd", out IEnumerable<string>? states) ? states.FirstOrDefault() : null;
            JsonElement? json = ApiAnswerReader.Parse(text);
            string error = status < 300 ? "" : ApiAnswerReader.Error(status, json, text.Span);
            // Without credentials, or without TLS: the socket would have needed neither.
            return (status, json, _socketIsClosedToUs && status is (400 or 401) ? $"{SocketIsClosed}; over TCP: {error}" : error);
        }
        catch (OperationCanceledException fault) when (!cancel.IsCancellationRequested)
        {
            // The handler's own connect timeout comes here, too.
            throw new ApiUnreachableException($"no answer from {Target} in time", fault);
        }
        catch (HttpRequestException fault) when (fault.InnerException is ApiUntrustedException untrusted)
        {
            throw untrusted;
        }
        catch (Exception fault) when (fault is HttpRequestException or IOException)
        {
            if (_tls?.ExplainEnd() is { } explained)
            {
                throw new ApiUntrustedException(explained, fault);
            }

            string cause = _socketIsClosedToUs ? SocketIsClosed : Cause(fault);
            throw new ApiUnreachableException($"no agent answers at {Target} ({cause})", fault);
        }
    }

    private static string Cause(Exception fault)
    {
        Exception cause = fault;
        while (cause is not SocketException && cause.InnerException is { } inner)
        {
            cause = inner;
        }

        return (cause as SocketException)?.SocketErrorCode switch
        {
            // A Unix socket whose file is missing comes as an address that cannot be had.
            SocketError.AddressNotAvailable => "no such file",
            SocketError.HostNotFound or SocketError.NoData => "its name is not known",
            SocketError.TryAgain => "the name servers do not answer",
            _ => cause.Message.ReplaceLineEndings(" "),
        };
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(HttpContent content, CancellationToken cancel)
    {
        using Stream stream = await content.ReadAsStreamAsync(cancel);
        using MemoryStream text = new();
        byte[] block = new byte[16 * 1024];
        while (true)
        {
            int count = await stream.ReadAsync(block, cancel);
            if (count == 0)
            {
                return text.GetBuffer().AsMemory(0, (int)text.Length);
            }

            if (text.Length + count > MaxAnswerBytes)
            {
                throw new ApiRefusedException(200, $"{Target} answers with more than {MaxAnswerBytes} bytes");
            }

            text.Write(block, 0, count);
        }
    }

    private async ValueTask<Stream> ConnectAsync(DnsEndPoint tcp, CancellationToken cancel)
    {
        if (_options.SocketPath is { } path)
        {
            Socket unix = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            try
            {
                return await ConnectAsync(unix, new UnixDomainSocketEndPoint(path), cancel);
            }
            catch (SocketException fault)
            {
                _socketIsClosedToUs = fault.SocketErrorCode == SocketError.AccessDenied;
                if (_options.Url is null)
                {
                    throw;
                }

                // TCP may let us in.
            }
        }

        Stream plain = await ConnectAsync(new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, tcp, cancel);
        if (_options.Url is not { } url || url.Scheme != Uri.UriSchemeHttps)
        {
            return plain;
        }

        _tls = new ClientTls(url, _options.Tls);
        return await _tls.HandshakeAsync(plain, cancel);
    }

    private static async Task<Stream> ConnectAsync(Socket socket, EndPoint to, CancellationToken cancel)
    {
        try
        {
            await socket.ConnectAsync(to, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
