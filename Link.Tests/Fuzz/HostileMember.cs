using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using Google.Protobuf;
using Link.Core.Etcd;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Link.Tests.Fuzz;

/// <summary>Speaks HTTP/2 on loopback as a member of etcd does, and answers what a test gives it: other statuses, frames and messages.</summary>
internal sealed class HostileMember : IAsyncDisposable
{
    private const int MostOfARequest = 4096;

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, HostileAnswer> _answers = new();
    private long _count;

    private HostileMember()
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(static kestrel => kestrel.Listen(IPAddress.Loopback, 0, static listen => listen.Protocols = HttpProtocols.Http2));
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public Uri Url { get; private set; } = null!;

    /// <summary>What a request gets that names none of the answers; null: 404.</summary>
    public Func<HostileAnswer>? Otherwise { get; set; }

    public static async Task<HostileMember> StartAsync()
    {
        var member = new HostileMember();
        await member._app.StartAsync();
        member.Url = new Uri(member._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
        return member;
    }

    /// <summary>A key by which a request gets this answer.</summary>
    public string Put(HostileAnswer answer)
    {
        string key = string.Create(CultureInfo.InvariantCulture, $"answer-{Interlocked.Increment(ref _count)}.");
        _answers[key] = answer;
        return key;
    }

    public void Forget(string key) => _answers.TryRemove(key, out _);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        // The headers go first, as etcd sends them on a stream: a client may wait for them.
        byte[] request = new byte[MostOfARequest];
        int got = 0;
        int length = GrpcFrame.HeaderSize;
        while (got < length)
        {
            int read = await context.Request.Body.ReadAsync(request.AsMemory(got), context.RequestAborted);
            if (read == 0)
                break;
            got += read;
            if (got >= GrpcFrame.HeaderSize)
                length = GrpcFrame.HeaderSize + GrpcFrame.ReadLength(request);
        }

        HostileAnswer? answer = Find(request.AsSpan(0, got)) ?? Otherwise?.Invoke();
        HttpResponse response = context.Response;
        response.StatusCode = answer?.HttpStatus ?? 404;
        if (answer is null)
            return;
        response.ContentType = "application/grpc";
        if (answer.Body is null)
        {
            SetStatus(response.Headers, answer);
            return;
        }

        await response.Body.WriteAsync(answer.Body, context.RequestAborted);
        if (answer.StaysOpen)
        {
            await response.Body.FlushAsync(context.RequestAborted);
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
            return;
        }

        if (answer.GrpcStatus is not null)
            response.AppendTrailer("grpc-status", answer.GrpcStatus);
        if (answer.Message is not null)
            response.AppendTrailer("grpc-message", Uri.EscapeDataString(answer.Message));
    }

    private static void SetStatus(IHeaderDictionary headers, HostileAnswer answer)
    {
        if (answer.GrpcStatus is not null)
            headers["grpc-status"] = answer.GrpcStatus;
        if (answer.Message is not null)
            headers["grpc-message"] = Uri.EscapeDataString(answer.Message);
    }

    private HostileAnswer? Find(ReadOnlySpan<byte> request)
    {
        string text = System.Text.Encoding.Latin1.GetString(request);
        int at = text.IndexOf("answer-", StringComparison.Ordinal);
        int end = at < 0 ? -1 : text.IndexOf('.', at);
        return end < 0 ? null : _answers.GetValueOrDefault(text[at..(end + 1)]);
    }
}
