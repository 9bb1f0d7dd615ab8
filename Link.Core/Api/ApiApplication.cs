using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using Link.Core.Api.Access;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Link.Core.Api;

/// <summary>Between Kestrel and the routes: credentials first, then the route, then the answer's bytes.</summary>
internal sealed class ApiApplication(ApiOptions options, Gate gate, ApiRoutes routes, Action<string, Exception?> log) : IHttpApplication<IFeatureCollection>
{
    private readonly BrowserGuard _browsers = BrowserGuard.For(options);

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        IHttpRequestFeature request = context.GetRequiredFeature<IHttpRequestFeature>();
        CancellationToken clientGone = context.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;
        ApiAnswer answer;
        try
        {
            answer = await AnswerAsync(context, request, clientGone);
        }
        catch (OperationCanceledException) when (clientGone.IsCancellationRequested)
        {
            return;
        }
        catch (BadHttpRequestException bad)
        {
            answer = ApiAnswer.Error(bad.StatusCode, bad.StatusCode == 413 ? $"the body is larger than {options.MaxBodyBytes} bytes" : bad.Message);
        }
        catch (Exception fault)
        {
            string id = RandomNumberGenerator.GetHexString(8, lowercase: true);
            log($"api: fault={id} request=\"{request.Method} {request.Path}\"", fault);
            answer = ApiAnswer.Error(500, $"internal fault {id}; the agent's log says more");
        }

        await SendAsync(context, answer, clientGone);
    }

    private async Task<ApiAnswer> AnswerAsync(IFeatureCollection context, IHttpRequestFeature request, CancellationToken clientGone)
    {
        string[] segments = request.Path.StartsWith('/') ? request.Path[1..].Split('/', 5) : [];
        ConnectionOriginFeature connection = context.GetRequiredFeature<ConnectionOriginFeature>();
        Admission admission = _browsers.Refuse(request.Headers, connection) is { } foreign
            ? Admission.Refused(foreign)
            : await gate.AdmitAsync(connection, request.Headers.Authorization, clientGone);
        string method = request.Method == "HEAD" ? "GET" : request.Method;
        ApiAnswer answer = admission.Caller is { } caller
            ? BrowserGuard.RefuseBody(request.Headers) ?? await routes.AnswerAsync(new ApiRequest(method, segments, cancel => ReadBodyAsync(request.Body, cancel), caller, clientGone))
            : admission.Refusal!;

        // LinK 1's client shows an error's msg, later ones its error.
        return answer.Status >= 400 && segments is ["ips", ..] ? answer.WithMsg() : answer;
    }

    private async Task<ReadOnlyMemory<byte>> ReadBodyAsync(Stream body, CancellationToken cancel)
    {
        // Kestrel enforces the limit; this bounds what we ask for.
        ArrayBufferWriter<byte> read = new(1024);
        while (true)
        {
            int count = await body.ReadAsync(read.GetMemory(1024), cancel);
            if (count == 0)
            {
                Debug.Assert(read.WrittenCount <= options.MaxBodyBytes);
                return read.WrittenMemory;
            }

            read.Advance(count);
        }
    }

    private static async Task SendAsync(IFeatureCollection context, ApiAnswer answer, CancellationToken clientGone)
    {
        IHttpResponseFeature response = context.GetRequiredFeature<IHttpResponseFeature>();
        IHeaderDictionary headers = response.Headers;
        response.StatusCode = answer.Status;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (answer.Allow is not null)
        {
            headers.Allow = answer.Allow;
        }

        if (answer.EtcdState is not null)
        {
            headers["X-Link-Etcd"] = answer.EtcdState;
        }

        if (answer.Challenge)
        {
            headers.WWWAuthenticate = "Basic realm=\"link\", charset=\"UTF-8\"";
        }

        if (answer.RetryAfterSeconds is { } seconds)
        {
            headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        if (answer.Status == 204)
        {
            return;
        }

        headers.ContentType = "application/json";
        headers.ContentLength = answer.Body.Length;
        try
        {
            await context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer.WriteAsync(answer.Body, clientGone);
        }
        catch (OperationCanceledException) when (clientGone.IsCancellationRequested)
        {
        }
    }
}
