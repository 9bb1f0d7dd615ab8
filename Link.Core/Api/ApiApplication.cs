using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Security.Cryptography;
using Link.Core.Api.Access;
using Link.Core.Api.Limits;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Link.Core.Api;

/// <summary>Between Kestrel and the routes: credentials first, then the route, then the answer's bytes.</summary>
internal sealed class ApiApplication(ApiOptions options, Gate gate, ApiRoutes routes, Action<string, Exception?> log) : IHttpApplication<IFeatureCollection>
{
    private const int BusySeconds = 1;
    private const int BuffersOfOneSize = 8;

    // Made before it is needed: when it is, there is no memory.
    private static readonly ApiAnswer s_outOfMemory = Busy("the agent has no memory for this request");

    // Each kind of listener has its own, so that a crowd on TCP does not shut the operator out.
    private readonly ByteBudget _tcp = new(options.RequestBytes, options.RequestBytes / options.ShareOfOneSource);
    private readonly ByteBudget _unix = new(options.RequestBytes, options.RequestBytes);

    private readonly ArrayPool<byte> _buffers = ArrayPool<byte>.Create(options.MaxConfigBodyBytes, BuffersOfOneSize);
    private readonly BrowserGuard _browsers = BrowserGuard.For(options);

    public IFeatureCollection CreateContext(IFeatureCollection contextFeatures) => contextFeatures;

    public void DisposeContext(IFeatureCollection context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(IFeatureCollection context)
    {
        ApiConnection connection = context.GetRequiredFeature<ApiConnection>();
        connection.Enter(ConnectionPhase.Busy);
        try
        {
            await ServeAsync(context, connection);
        }
        finally
        {
            connection.Enter(ConnectionPhase.Idle);
        }
    }

    private async Task ServeAsync(IFeatureCollection context, ApiConnection connection)
    {
        IHttpRequestFeature request = context.GetRequiredFeature<IHttpRequestFeature>();
        CancellationToken clientGone = context.GetRequiredFeature<IHttpRequestLifetimeFeature>().RequestAborted;
        ConnectionOriginFeature origin = context.GetRequiredFeature<ConnectionOriginFeature>();
        using RequestMemory memory = new(origin.Origin == ConnectionOrigin.Tcp ? _tcp : _unix, _buffers, connection, options.BudgetPatience);
        ApiAnswer answer;
        try
        {
            answer = GC.GetTotalMemory(forceFullCollection: false) > options.HeapCeilingBytes
                ? s_outOfMemory
                : await AnswerAsync(context, origin, memory, clientGone);
        }
        catch (OperationCanceledException) when (clientGone.IsCancellationRequested)
        {
            return;
        }
        catch (ApiBusyException busy)
        {
            answer = Busy(busy.Message);
        }
        catch (BadHttpRequestException bad)
        {
            answer = ApiAnswer.Error(bad.StatusCode, bad.Message) with { Closes = true };
        }
        catch (OutOfMemoryException)
        {
            // This request wanted too much; what it had is garbage now.
            answer = s_outOfMemory;
        }
        catch (Exception fault)
        {
            string id = RandomNumberGenerator.GetHexString(8, lowercase: true);
            log($"api: fault={id} request=\"{request.Method} {request.Path}\"", fault);
            answer = ApiAnswer.Error(500, $"internal fault {id}; the agent's log says more");
        }

        connection.Enter(ConnectionPhase.Transfer);
        await SendAsync(context, answer, memory, clientGone);
    }

    private static ApiAnswer Busy(string why) => ApiAnswer.Error(503, $"{why}; try again in {BusySeconds} s") with { RetryAfterSeconds = BusySeconds, Closes = true };

    private async Task<ApiAnswer> AnswerAsync(IFeatureCollection context, ConnectionOriginFeature origin, RequestMemory memory, CancellationToken clientGone)
    {
        IHttpRequestFeature request = context.GetRequiredFeature<IHttpRequestFeature>();
        string[] segments = request.Path.StartsWith('/') ? request.Path[1..].Split('/', 5) : [];
        Admission admission = _browsers.Refuse(request.Headers, origin) is { } foreign
            ? Admission.Refused(foreign)
            : await gate.AdmitAsync(origin, request.Headers.Authorization, clientGone);
        string method = request.Method == "HEAD" ? "GET" : request.Method;
        ApiAnswer answer = admission.Caller is { } caller
            ? BrowserGuard.RefuseBody(request.Headers) ?? await routes.AnswerAsync(new ApiRequest(method, segments, new RequestBody(context, options, memory), memory, caller, clientGone))
            // A stranger has one try a connection: what they send behind it is not read.
            : admission.Refusal! with { Closes = true };

        // LinK 1's client shows an error's msg, later ones its error.
        return answer.Status >= 400 && segments is ["ips", ..] ? answer.WithMsg() : answer;
    }

    private async Task SendAsync(IFeatureCollection context, ApiAnswer answer, RequestMemory memory, CancellationToken clientGone)
    {
        WriteHead(context.GetRequiredFeature<IHttpResponseFeature>(), answer);
        if (answer.Status == 204)
        {
            return;
        }

        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(clientGone, memory.Revoked);
        deadline.CancelAfter(options.AnswerDeadline);
        try
        {
            await WriteBodyAsync(context, answer, deadline.Token);
        }
        catch (OperationCanceledException)
        {
            // Gone, too slow, or slow while others wait: the rest of the answer has no reader.
            context.GetRequiredFeature<IHttpRequestLifetimeFeature>().Abort();
        }
    }

    private static void WriteHead(IHttpResponseFeature response, ApiAnswer answer)
    {
        IHeaderDictionary headers = response.Headers;
        response.StatusCode = answer.Status;
        headers.CacheControl = "no-store";
        if (answer.Closes)
        {
            headers.Connection = "close";
        }

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
        if (answer.Rest is null)
        {
            headers.ContentLength = answer.Body.Length;
        }
    }

    private async Task WriteBodyAsync(IFeatureCollection context, ApiAnswer answer, CancellationToken cancel)
    {
        PipeWriter writer = context.GetRequiredFeature<IHttpResponseBodyFeature>().Writer;
        await writer.WriteAsync(answer.Body, cancel);
        if (answer.Rest is null || context.GetRequiredFeature<IHttpRequestFeature>().Method == "HEAD")
        {
            return;
        }

        try
        {
            await foreach (ReadOnlyMemory<byte> part in answer.Rest.WithCancellation(cancel))
            {
                await writer.WriteAsync(part, cancel);
            }
        }
        catch (Exception fault) when (fault is TimeoutException or OutOfMemoryException)
        {
            // The status is sent already: a connection that breaks off is how a client learns that the rest is missing.
            log($"api: a list broke off: {fault.Message}", null);
            context.GetRequiredFeature<IHttpRequestLifetimeFeature>().Abort();
        }
    }
}
