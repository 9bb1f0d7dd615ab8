using System.Text.Json;

namespace Link.Core.Api;

/// <summary>Every route: from a request to an answer, by way of the agent.</summary>
internal sealed partial class ApiRoutes(ApiOptions options, IAgentControl agent, Action<string, Exception?> log, CancellationToken stopping)
{
    private const string ReadOnly = "GET, HEAD";

    private int _commandsUnderWay;

    public Task<ApiAnswer> AnswerAsync(ApiRequest request) => request.Segments switch
    {
        ["version"] => request.Method == "GET" ? VersionAsync() : NotAllowedAsync(request, ReadOnly),
        ["health"] => request.Method == "GET" ? HealthAsync(request) : NotAllowedAsync(request, ReadOnly),
        ["drain"] => request.Method == "POST" ? CommandAsync(request, agent.DrainAsync) : NotAllowedAsync(request, "POST"),
        ["undrain"] => request.Method == "POST" ? CommandAsync(request, agent.UndrainAsync) : NotAllowedAsync(request, "POST"),
        ["endpoints"] => CollectionAsync(request, ApiForm.Endpoints),
        ["endpoints", string id] => ItemAsync(request, ApiForm.Endpoints, id),
        ["endpoints", string id, "hosts"] => HostsAsync(request, ApiForm.Endpoints, id),
        ["endpoints", string id, "failover"] => FailoverAsync(request, ApiForm.Endpoints, id),
        ["endpoints", string id, "lock"] => LockAsync(request, ApiForm.Endpoints, id),
        ["ips"] => CollectionAsync(request, ApiForm.Ips),
        ["ips", string id] => ItemAsync(request, ApiForm.Ips, id),
        ["ips", string id, "hosts"] => HostsAsync(request, ApiForm.Ips, id),
        ["ips", string id, "failover"] => FailoverAsync(request, ApiForm.Ips, id),
        ["ips", string id, "lock"] => LockAsync(request, ApiForm.Ips, id),
        _ => Task.FromResult(ApiAnswer.Error(404, "no such route")),
    };

    private Task<ApiAnswer> VersionAsync() => Task.FromResult(ApiAnswer.Json(200, json =>
    {
        json.WriteStartObject();
        json.WriteString("version", options.Version);
        json.WriteEndObject();
    }));

    private async Task<ApiAnswer> HealthAsync(ApiRequest request)
    {
        (bool answered, AgentSnapshot? status) = await AskAsync(request, agent.GetStatusAsync);
        if (!answered || status is null)
        {
            return ApiAnswer.Json(503, json =>
            {
                json.WriteStartObject();
                json.WriteBoolean("healthy", false);
                json.WriteString("reason", HangReason);
                json.WriteEndObject();
            });
        }

        return ApiAnswer.Json(status.Healthy ? 200 : 503, json => ApiJson.WriteHealth(json, status)) with { EtcdState = Doubt(status) };
    }

    private Task<ApiAnswer> CollectionAsync(ApiRequest request, ApiForm form) => request.Method switch
    {
        "GET" => ListAsync(request, form),
        "POST" => AddAsync(request, form),
        _ => NotAllowedAsync(request, "GET, HEAD, POST"),
    };

    private Task<ApiAnswer> ItemAsync(ApiRequest request, ApiForm form, string id) => request.Method switch
    {
        not ("GET" or "PUT" or "PATCH" or "DELETE") => NotAllowedAsync(request, "GET, HEAD, PUT, PATCH, DELETE"),
        _ when !IsId(id) => BadIdAsync(),
        "GET" => ShowAsync(request, form, id),
        "DELETE" => CommandAsync(request, cancel => agent.DeleteAsync(id, cancel), form),
        _ => SetChecksAsync(request, form, id),
    };

    private async Task<ApiAnswer> ListAsync(ApiRequest request, ApiForm form)
    {
        (bool answered, IReadOnlyList<EndpointSnapshot>? endpoints) = await AskAsync(request, agent.ListAsync);
        return !answered || endpoints is null ? Hangs() : await WithEtcdStateAsync(request, ApiAnswer.Json(200, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray(form == ApiForm.Endpoints ? "endpoints" : "ips");
            foreach (EndpointSnapshot endpoint in endpoints)
            {
                ApiJson.WriteEndpoint(json, endpoint);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }));
    }

    private async Task<ApiAnswer> ShowAsync(ApiRequest request, ApiForm form, string id)
    {
        (bool answered, EndpointSnapshot? endpoint) = await AskAsync(request, cancel => agent.FindAsync(id, cancel));
        if (!answered)
        {
            return Hangs();
        }

        return await WithEtcdStateAsync(request, endpoint is null ? ApiAnswer.NotFound(form) : Wrapped(200, endpoint, form));
    }

    private async Task<ApiAnswer> HostsAsync(ApiRequest request, ApiForm form, string id)
    {
        if (request.Method != "GET")
        {
            return await NotAllowedAsync(request, ReadOnly);
        }

        if (!IsId(id))
        {
            return await BadIdAsync();
        }

        (bool answered, IReadOnlyList<string>? hosts) = await AskAsync(request, cancel => agent.HostsAsync(id, cancel));
        if (!answered)
        {
            return Hangs();
        }

        return await WithEtcdStateAsync(request, hosts is null ? ApiAnswer.NotFound(form) : ApiAnswer.Json(200, json =>
        {
            json.WriteStartObject();
            json.WriteStartArray("hosts");
            foreach (string host in hosts)
            {
                json.WriteStartObject();
                json.WriteString("hostname", host);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }));
    }

    private async Task<ApiAnswer> AddAsync(ApiRequest request, ApiForm form)
    {
        ApiBody? body = ApiBody.Parse(await request.Body(request.ClientGone), out ApiAnswer? fault);
        if (body is null)
        {
            return fault!;
        }

        NewEndpoint wish = form == ApiForm.Endpoints ? ReadEndpoint(body) : ReadIp(body);
        return body.Fault() ?? await CommandAsync(request, cancel => agent.AddAsync(wish, cancel), form, endpoint =>
            form == ApiForm.Endpoints ? Wrapped(201, endpoint, form) : Bare(201, endpoint));
    }

    private async Task<ApiAnswer> SetChecksAsync(ApiRequest request, ApiForm form, string id)
    {
        ApiBody? body = ApiBody.Parse(await request.Body(request.ClientGone), out ApiAnswer? fault);
        if (body is null)
        {
            return fault!;
        }

        IReadOnlyList<HealthCheckContract> checks = body.Checks("healthchecks", required: true);
        return body.Fault() ?? await CommandAsync(request, cancel => agent.SetChecksAsync(id, checks, cancel), form, endpoint => Bare(200, endpoint));
    }

    private async Task<ApiAnswer> FailoverAsync(ApiRequest request, ApiForm form, string id)
    {
        if (request.Method != "POST")
        {
            return await NotAllowedAsync(request, "POST");
        }

        if (!IsId(id))
        {
            return await BadIdAsync();
        }

        // LinK's clients send no body.
        ReadOnlyMemory<byte> text = await request.Body(request.ClientGone);
        ApiAnswer? fault = null;
        ApiBody? body = text.IsEmpty ? ApiBody.Empty() : ApiBody.Parse(text, out fault);
        if (body is null)
        {
            return fault!;
        }

        string? toHost = body.Text("to");
        return body.Fault() ?? await CommandAsync(request, cancel => agent.FailoverAsync(id, toHost, cancel), form);
    }

    private Task<ApiAnswer> LockAsync(ApiRequest request, ApiForm form, string id)
    {
        if (request.Method != "POST")
        {
            return NotAllowedAsync(request, "POST");
        }

        return IsId(id) ? CommandAsync(request, cancel => agent.TryLockAsync(id, cancel), form) : BadIdAsync();
    }

    private static NewEndpoint ReadEndpoint(ApiBody body) => new(
        body.Text("plugin", required: true) ?? "",
        body.Object("plugin_config"),
        body.Checks("checks"),
        body.Integer("healthcheck_interval"));

    private static NewEndpoint ReadIp(ApiBody body)
    {
        // Clients of LinK 0 and 1 send the fields of their own record along.
        body.Ignore("id");
        body.Ignore("status");
        body.Ignore("keepalive_interval");
        string ip = body.Text("ip", required: true) ?? "";
        string? onInterface = body.Text("interface");
        string? onEtcdLoss = body.Text("on_etcd_loss");
        ReadOnlyMemory<byte> config = ApiJson.Write(json =>
        {
            json.WriteStartObject();
            json.WriteString("ip", ip);
            if (onInterface is not null)
            {
                json.WriteString("interface", onInterface);
            }

            if (onEtcdLoss is not null)
            {
                json.WriteString("on_etcd_loss", onEtcdLoss);
            }

            json.WriteEndObject();
        });

        using JsonDocument document = JsonDocument.Parse(config);
        return new NewEndpoint("arp", document.RootElement.Clone(), body.Checks("checks"), body.Integer("healthcheck_interval"));
    }

    private static ApiAnswer Bare(int status, EndpointSnapshot endpoint) => ApiAnswer.Json(status, json => ApiJson.WriteEndpoint(json, endpoint));

    private static ApiAnswer Wrapped(int status, EndpointSnapshot endpoint, ApiForm form) => ApiAnswer.Json(status, json =>
    {
        json.WriteStartObject();
        json.WritePropertyName(form == ApiForm.Endpoints ? "endpoint" : "ip");
        ApiJson.WriteEndpoint(json, endpoint);
        json.WriteEndObject();
    });

    private static Task<ApiAnswer> NotAllowedAsync(ApiRequest request, string allow) => Task.FromResult(ApiAnswer.MethodNotAllowed(request.Method, allow));

    private static Task<ApiAnswer> BadIdAsync() => Task.FromResult(ApiAnswer.Error(400, "not an endpoint's id; expected vip- and 36 letters, digits or dashes"));

    private static bool IsId(string text)
    {
        const string prefix = "vip-";
        if (text.Length != prefix.Length + 36 || !text.StartsWith(prefix, StringComparison.Ordinal))
        {
            return false;
        }

        foreach (char c in text)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c != '-')
            {
                return false;
            }
        }

        return true;
    }
}
