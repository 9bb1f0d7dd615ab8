using System.Text.Json;
using Link.Core.Api.Access;

namespace Link.Core.Api;

/// <summary>Every route: from a request to an answer, by way of the agent.</summary>
internal sealed partial class ApiRoutes(ApiOptions options, IAgentControl agent, Action<string, Exception?> log, CancellationToken stopping)
{
    private int _commandsUnderWay;

    /// <summary>Every route there is; docs/openapi.json describes the same.</summary>
    public static IReadOnlyList<ApiRoute> All { get; } =
    [
        new("GET", "/version", Role.Read, (routes, _, _) => routes.VersionAsync()),
        new("GET", "/health", Role.Read, (routes, request, _) => routes.HealthAsync(request)),
        new("POST", "/drain", Role.Operate, (routes, request, _) => routes.DrainAsync(request)),
        new("POST", "/undrain", Role.Operate, (routes, request, _) => routes.UndrainAsync(request)),
        new("GET", "/encrypted_storage/key_rotation", Role.Read, (routes, request, _) => routes.RotationAsync(request)),
        new("POST", "/encrypted_storage/key_rotation", Role.Admin, (routes, request, _) => routes.RotateAsync(request)),
        .. OfEndpoints("/endpoints", ApiForm.Endpoints),
        .. OfEndpoints("/ips", ApiForm.Ips),
    ];

    private static ApiRoute[] OfEndpoints(string path, ApiForm form) =>
    [
        new("GET", path, Role.Read, (routes, request, _) => routes.ListAsync(request, form)),
        new("POST", path, Role.Admin, (routes, request, _) => routes.AddAsync(request, form)),
        new("GET", $"{path}/{{id}}", Role.Read, (routes, request, id) => routes.ShowAsync(request, form, id)),
        new("PUT", $"{path}/{{id}}", Role.Operate, (routes, request, id) => routes.SetChecksAsync(request, form, id)),
        new("PATCH", $"{path}/{{id}}", Role.Operate, (routes, request, id) => routes.SetChecksAsync(request, form, id)),
        new("DELETE", $"{path}/{{id}}", Role.Admin, (routes, request, id) => routes.DeleteAsync(request, form, id)),
        new("GET", $"{path}/{{id}}/hosts", Role.Read, (routes, request, id) => routes.HostsAsync(request, form, id)),
        new("POST", $"{path}/{{id}}/failover", Role.Operate, (routes, request, id) => routes.FailoverAsync(request, form, id)),
        new("POST", $"{path}/{{id}}/lock", Role.Operate, (routes, request, id) => routes.LockAsync(request, form, id)),
    ];

    public Task<ApiAnswer> AnswerAsync(ApiRequest request)
    {
        List<string> allowed = [];
        foreach (ApiRoute route in All)
        {
            if (!route.Matches(request.Segments, out string id))
            {
                continue;
            }

            if (route.Method == request.Method)
            {
                if (request.Caller.Role < route.Role)
                {
                    return ForbiddenAsync(request.Caller, route.Role);
                }

                return route.HasId && !IsId(id) ? BadIdAsync() : route.Answer(this, request, id);
            }

            allowed.Add(route.Method == "GET" ? "GET, HEAD" : route.Method);
        }

        return Task.FromResult(allowed.Count == 0
            ? ApiAnswer.Error(404, "no such route")
            : ApiAnswer.MethodNotAllowed(request.Method, string.Join(", ", allowed)));
    }

    private static Task<ApiAnswer> ForbiddenAsync(Caller caller, Role needed) =>
        Task.FromResult(ApiAnswer.Error(403, $"{caller.Name} has role {RoleWord.Of(caller.Role)}; this needs {RoleWord.Of(needed)}{(caller.Advice is { } advice ? $": {advice}" : "")}"));

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

    private Task<ApiAnswer> DrainAsync(ApiRequest request) => CommandAsync(request, agent.DrainAsync);

    private Task<ApiAnswer> UndrainAsync(ApiRequest request) => CommandAsync(request, agent.UndrainAsync);

    private async Task<ApiAnswer> RotationAsync(ApiRequest request)
    {
        (bool answered, RotationSnapshot? rotation) = await AskAsync(request, agent.GetRotationAsync);
        return !answered || rotation is null ? Hangs() : ApiAnswer.Json(200, json => ApiJson.WriteRotation(json, rotation));
    }

    private async Task<ApiAnswer> RotateAsync(ApiRequest request)
    {
        (ApiBody? body, ApiAnswer? fault) = await ReadOptionalAsync(request);
        if (body is null)
        {
            return fault!;
        }

        bool force = body.Flag("force");
        return body.Fault() ?? await CommandAsync(request, cancel => agent.RotateSecretsAsync(force, cancel));
    }

    private Task<ApiAnswer> ShowAsync(ApiRequest request, ApiForm form, string id) =>
        RememberAsync(request, cancel => agent.FindAsync(id, cancel), endpoint => endpoint is null ? ApiAnswer.NotFound(form) : Wrapped(200, For(request.Caller, endpoint), form));

    private Task<ApiAnswer> HostsAsync(ApiRequest request, ApiForm form, string id) =>
        RememberAsync(request, cancel => agent.HostsAsync(id, cancel), hosts => hosts is null ? ApiAnswer.NotFound(form) : ApiAnswer.Json(200, json =>
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

    private async Task<ApiAnswer> AddAsync(ApiRequest request, ApiForm form)
    {
        int most = form == ApiForm.Endpoints ? options.MaxConfigBodyBytes : options.MaxBodyBytes;
        ApiBody? body = ApiBody.Parse(await request.Body.ReadAsync(most, request.ClientGone), request, out ApiAnswer? fault);
        if (body is null)
        {
            return fault!;
        }

        NewEndpoint wish = form == ApiForm.Endpoints ? ReadEndpoint(body) : ReadIp(body);
        return body.Fault() ?? await CommandAsync(request, cancel => agent.AddAsync(wish, cancel), form, endpoint =>
            form == ApiForm.Endpoints ? Wrapped(201, For(request.Caller, endpoint), form) : Bare(201, For(request.Caller, endpoint)));
    }

    private async Task<ApiAnswer> SetChecksAsync(ApiRequest request, ApiForm form, string id)
    {
        ApiBody? body = ApiBody.Parse(await request.Body.ReadAsync(options.MaxBodyBytes, request.ClientGone), request, out ApiAnswer? fault);
        if (body is null)
        {
            return fault!;
        }

        IReadOnlyList<HealthCheckContract> checks = body.Checks("healthchecks", required: true);
        return body.Fault() ?? await CommandAsync(request, cancel => agent.SetChecksAsync(id, checks, cancel), form, endpoint => Bare(200, For(request.Caller, endpoint)));
    }

    private Task<ApiAnswer> DeleteAsync(ApiRequest request, ApiForm form, string id) => CommandAsync(request, cancel => agent.DeleteAsync(id, cancel), form);

    private async Task<ApiAnswer> FailoverAsync(ApiRequest request, ApiForm form, string id)
    {
        (ApiBody? body, ApiAnswer? fault) = await ReadOptionalAsync(request);
        if (body is null)
        {
            return fault!;
        }

        string? toHost = body.Text("to");
        return body.Fault() ?? await CommandAsync(request, cancel => agent.FailoverAsync(id, toHost, cancel), form);
    }

    private Task<ApiAnswer> LockAsync(ApiRequest request, ApiForm form, string id) => CommandAsync(request, cancel => agent.TryLockAsync(id, cancel), form);

    /// <summary>A body that LinK's clients do not send.</summary>
    private async Task<(ApiBody? Body, ApiAnswer? Fault)> ReadOptionalAsync(ApiRequest request)
    {
        ReadOnlyMemory<byte> text = await request.Body.ReadAsync(options.MaxBodyBytes, request.ClientGone);
        ApiAnswer? fault = null;
        ApiBody? body = text.IsEmpty ? ApiBody.Empty() : ApiBody.Parse(text, request, out fault);
        return (body, fault);
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

    /// <summary>What another side answered to a call is for those alone who could have it called anyway.</summary>
    private static EndpointSnapshot For(Caller caller, EndpointSnapshot endpoint) =>
        caller.Role == Role.Admin ? endpoint : endpoint with { LastErrorAnswer = null };

    private static ApiAnswer Bare(int status, EndpointSnapshot endpoint) => ApiAnswer.Json(status, json => ApiJson.WriteEndpoint(json, endpoint));

    private static ApiAnswer Wrapped(int status, EndpointSnapshot endpoint, ApiForm form) => ApiAnswer.Json(status, json =>
    {
        json.WriteStartObject();
        json.WritePropertyName(form == ApiForm.Endpoints ? "endpoint" : "ip");
        ApiJson.WriteEndpoint(json, endpoint);
        json.WriteEndObject();
    });

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
