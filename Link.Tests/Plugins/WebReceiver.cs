using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Link.Tests.Plugins;

/// <summary>A web server on loopback that keeps what it got and answers as the test says.</summary>
internal sealed class WebReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<ReceivedRequest> _requests = new();
    private long _connections;

    private WebReceiver(IPAddress address, X509Certificate2? certificate)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(address, 0, listen =>
            {
                listen.Use(next => async connection =>
                {
                    Interlocked.Increment(ref _connections);
                    await next(connection);
                });
                if (certificate != null)
                    listen.UseHttps(new HttpsConnectionAdapterOptions { ServerCertificate = certificate });
            });
        });
        builder.WebHost.UseKestrelHttpsConfiguration();
        _app = builder.Build();
        _app.Run(HandleAsync);
    }

    /// <summary>What is done with each request; the default answers 204.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = static context =>
    {
        context.Response.StatusCode = 204;
        return Task.CompletedTask;
    };

    public int Port { get; private set; }

    public int Count => _requests.Count;

    public long Connections => Interlocked.Read(ref _connections);

    public ReceivedRequest[] Requests => [.. _requests];

    /// <param name="address">Null: 127.0.0.1.</param>
    public static async Task<WebReceiver> StartAsync(X509Certificate2? certificate = null, IPAddress? address = null)
    {
        var receiver = new WebReceiver(address ?? IPAddress.Loopback, certificate);
        await receiver._app.StartAsync(TestContext.Current.CancellationToken);
        string bound = receiver._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        receiver.Port = new Uri(bound).Port;
        return receiver;
    }

    /// <summary>Answers with a status and a text.</summary>
    public void AnswerWith(int status, string text = "", string type = "text/plain", params (string Name, string Value)[] headers) => Answer = async context =>
    {
        context.Response.StatusCode = status;
        foreach ((string name, string value) in headers)
            context.Response.Headers.Append(name, value);
        if (text.Length == 0)
            return;
        context.Response.ContentType = type;
        await context.Response.WriteAsync(text);
    };

    /// <summary>Never answers.</summary>
    public static Task HangAsync(HttpContext context)
    {
        var end = new TaskCompletionSource();
        context.RequestAborted.Register(end.SetResult);
        return end.Task;
    }

    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }

    private async Task HandleAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        string body = await reader.ReadToEndAsync(context.RequestAborted);
        _requests.Enqueue(new ReceivedRequest(
            context.Request.Method,
            context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget,
            context.Request.Headers.ToDictionary(header => header.Key, header => header.Value.ToString()),
            body));
        await Answer(context);
    }
}
