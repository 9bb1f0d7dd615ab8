using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Link.Core.Net;
using Link.Core.Plugins;
using Link.Tests.Support;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Link.Tests.Plugins;

public sealed class OutboundHttpTests : IAsyncLifetime
{
    private readonly OutboundHttp _http = new(new NameResolver(), TimeProvider.System);
    private WebReceiver _receiver = null!;

    public async ValueTask InitializeAsync() => _receiver = await WebReceiver.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task An_answer_is_given_whatever_its_status()
    {
        _receiver.AnswerWith(404, "nothing here", "text/plain; charset=utf-8", ("Retry-After", "7"));
        OutboundAnswer answer = await GetAsync();
        Assert.Equal((404, false, "text/plain", "nothing here", false), (answer.Status, answer.IsSuccess, answer.ContentType, answer.Text, answer.IsCut));
        Assert.Equal(TimeSpan.FromSeconds(7), answer.RetryAfter);
    }

    [Fact]
    public async Task A_connection_is_used_again()
    {
        _receiver.AnswerWith(200, "fine");
        for (int i = 0; i < 3; i++)
            Assert.Equal("fine", (await GetAsync()).Text);
        Assert.Equal(1, _receiver.Connections);
    }

    [Fact]
    public async Task Retry_after_may_be_a_date_and_what_is_no_time_is_ignored()
    {
        _receiver.AnswerWith(503, headers: ("Retry-After", DateTimeOffset.UtcNow.AddMinutes(3).ToString("R")));
        Assert.InRange((await GetAsync()).RetryAfter!.Value, TimeSpan.FromMinutes(2), TimeSpan.FromMinutes(3));
        _receiver.AnswerWith(503, headers: ("Retry-After", "Mon, 01 Jan 2001 00:00:00 GMT"));
        Assert.Equal(TimeSpan.Zero, (await GetAsync()).RetryAfter);
        foreach (string value in new[] { "soon", "-5", "99999999999999999999" })
        {
            _receiver.AnswerWith(503, headers: ("Retry-After", value));
            Assert.Null((await GetAsync()).RetryAfter);
        }
    }

    [Fact]
    public async Task A_redirect_is_not_followed_and_a_cookie_not_kept()
    {
        await using WebReceiver other = await WebReceiver.StartAsync();
        _receiver.AnswerWith(307, headers: [("Location", $"http://127.0.0.1:{other.Port}/elsewhere"), ("Set-Cookie", "a=b")]);
        OutboundAnswer answer = await GetAsync();
        Assert.Equal((307, new Uri($"http://127.0.0.1:{other.Port}/elsewhere")), (answer.Status, answer.Location));
        await GetAsync();
        Assert.All(_receiver.Requests, request => Assert.False(request.Headers.ContainsKey("Cookie")));
        Assert.Equal(0, other.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4096)]
    [InlineData(4097)]
    [InlineData(OutboundHttp.MaxBody)]
    public async Task A_body_up_to_the_bound_is_whole_with_and_without_its_length(int size)
    {
        foreach (bool hasLength in new[] { true, false })
        {
            _receiver.Answer = async context =>
            {
                context.Response.ContentLength = hasLength ? size : null;
                await context.Response.WriteAsync(new string('x', size));
            };
            OutboundAnswer answer = await GetAsync();
            Assert.Equal((new string('x', size), false), (answer.Text, answer.IsCut));
        }
    }

    [Fact]
    public async Task Of_a_huge_body_only_the_start_is_read()
    {
        // The rest is never sent: an agent that waits for more than the bound waits in vain.
        using RawReceiver huge = RawReceiver.Huge(200, 10_000, most: 70_000);
        OutboundAnswer answer = await GetAsync(huge.Url);
        Assert.Equal((OutboundHttp.MaxBody, true), (answer.Body.Length, answer.IsCut));
        await huge.ClosedAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task An_answer_that_drips_ends_with_the_deadline()
    {
        using RawReceiver dripping = RawReceiver.Huge(200, 1, TimeSpan.FromMilliseconds(10));
        OutputException fault = await FaultAsync(dripping.Url, until: () => dripping.Sent >= 20);
        Assert.Matches(@"^127\.0\.0\.1:[0-9]+ did not end its answer within [0-9.]+ s; ", fault.Message);

        long before = dripping.Sent;
        OutboundAnswer answer = await GetAsync(dripping.Url, needsBody: false, until: () => dripping.Sent >= before + 30);
        Assert.Equal((200, true), (answer.Status, answer.IsCut));
        Assert.InRange(answer.Body.Length, 1, 10_000);
    }

    [Fact]
    public async Task Silence_ends_with_the_deadline()
    {
        _receiver.Answer = WebReceiver.HangAsync;
        OutputException fault = await FaultAsync(Url, until: () => _receiver.Count == 1);
        Assert.Matches(@"^127\.0\.0\.1:[0-9]+ gave no answer within [0-9.]+ s; ", fault.Message);
    }

    [Fact]
    public async Task A_connection_that_breaks_off_is_told()
    {
        _receiver.Answer = static context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        Assert.Matches(":[0-9]+ (closed|reset) the connection", (await FaultAsync(Url)).Message);

        using var half = new RawReceiver("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        Assert.Equal($"127.0.0.1:{half.Port} closed the connection before its answer was complete; look at its log", (await FaultAsync(half.Url)).Message);
        OutboundAnswer answer = await GetAsync(half.Url, needsBody: false);
        Assert.Equal((200, "half", true), (answer.Status, answer.Text, answer.IsCut));

        using var nothing = new RawReceiver("");
        Assert.Equal($"127.0.0.1:{nothing.Port} closed the connection before its answer was complete; look at its log", (await FaultAsync(nothing.Url)).Message);
    }

    [Fact]
    public async Task A_port_where_nobody_listens_is_told()
    {
        using var closed = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        closed.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        int port = ((IPEndPoint)closed.LocalEndPoint!).Port;
        string message = (await FaultAsync($"http://user:password@127.0.0.1:{port}/path?token=t0ken")).Message;
        Assert.Equal($"127.0.0.1:{port} refuses the connection; does anything listen there?", message);
    }

    [Fact]
    public async Task A_name_that_is_not_known_is_told() =>
        Assert.StartsWith("nowhere.invalid:80 has no address: ", (await FaultAsync("http://nowhere.invalid/")).Message, StringComparison.Ordinal);

    [Fact]
    public async Task What_does_not_speak_HTTP_is_told()
    {
        using var ssh = new RawReceiver("SSH-2.0-OpenSSH_9.2\r\n");
        OutputException fault = await FaultAsync(ssh.Url);
        Assert.Equal($"127.0.0.1:{ssh.Port} does not answer as HTTP does; check scheme and port of the URL", fault.Message);
        Assert.Contains("OpenSSH_9.2", fault.Answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Headers_have_a_bound()
    {
        _receiver.AnswerWith(200, headers: ("X-Long", new string('x', 60_000)));
        Assert.EndsWith("answers with more than 32 KiB of headers", (await FaultAsync(Url)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_certificate_of_an_unknown_CA_is_refused_and_of_a_configured_one_accepted()
    {
        using var authority = new TestAuthority();
        using var stranger = new TestAuthority();
        await using WebReceiver secure = await WebReceiver.StartAsync(authority.Issue(["localhost", "127.0.0.1"]));
        foreach (string url in new[] { $"https://localhost:{secure.Port}/", $"https://127.0.0.1:{secure.Port}/" })
        {
            string name = OutboundHttp.NameOf(new Uri(url));
            string unknown = (await FaultAsync(url)).Message;
            Assert.StartsWith($"{name} shows a certificate (CN=localhost, issued by CN=LinK test authority) that is not trusted by this host's CAs", unknown, StringComparison.Ordinal);

            using var wrong = new OutboundHttp(new NameResolver(), TimeProvider.System, Roots(stranger.CaPem));
            Assert.Contains("that is not trusted by the configured ca", (await FaultAsync(url, http: wrong)).Message, StringComparison.Ordinal);

            using var right = new OutboundHttp(new NameResolver(), TimeProvider.System, Roots(stranger.CaPem + authority.CaPem));
            Assert.Equal(204, (await GetAsync(url, http: right)).Status);
        }

        Assert.Equal(2, secure.Count);
    }

    [Fact]
    public async Task A_certificate_for_another_name_or_past_its_end_is_refused()
    {
        using var authority = new TestAuthority();
        using var http = new OutboundHttp(new NameResolver(), TimeProvider.System, Roots(authority.CaPem));
        await using WebReceiver other = await WebReceiver.StartAsync(authority.Issue(["lb.example"]));
        string message = (await FaultAsync($"https://localhost:{other.Port}/", http: http)).Message;
        Assert.StartsWith($"localhost:{other.Port} shows the certificate of somebody else (CN=lb.example)", message, StringComparison.Ordinal);
        await using WebReceiver old = await WebReceiver.StartAsync(authority.Issue(["localhost"], start: -9, end: -2));
        message = (await FaultAsync($"https://localhost:{old.Port}/", http: http)).Message;
        Assert.StartsWith($"localhost:{old.Port} shows a certificate (CN=localhost) that ended on 20", message, StringComparison.Ordinal);
        Assert.Equal((0, 0), (other.Count, old.Count));
    }

    [Fact]
    public async Task TLS_to_a_plain_port_is_told() =>
        Assert.Matches("does not agree on TLS|within the TLS handshake", (await FaultAsync($"https://127.0.0.1:{_receiver.Port}/")).Message);

    [Fact]
    public async Task A_connection_that_ends_within_the_handshake_is_told()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        Task<OutputException> fault = FaultAsync($"https://127.0.0.1:{port}/");
        using (TcpClient client = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken))
        {
            // The client's hello is shorter; closing with bytes unread would be a reset.
            Assert.NotEqual(0, await client.GetStream().ReadAsync(new byte[16 * 1024], TestContext.Current.CancellationToken));
        }

        Assert.Equal($"127.0.0.1:{port} closed the connection within the TLS handshake; is it an https port?", (await fault).Message);
    }

    [Fact]
    public async Task An_IPv6_address_and_a_name_work()
    {
        await using WebReceiver six = await WebReceiver.StartAsync(address: IPAddress.IPv6Loopback);
        Assert.Equal(204, (await GetAsync($"http://[::1]:{six.Port}/")).Status);
        Assert.Equal(204, (await GetAsync($"http://localhost:{_receiver.Port}/")).Status);
        Assert.Equal($"[::1]:{six.Port}", OutboundHttp.NameOf(new Uri($"http://u:p@[::1]:{six.Port}/x?y")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("CN=x")]
    [InlineData("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")]
    public void What_is_no_PEM_is_no_CA(string pem)
    {
        Assert.Null(OutboundHttp.ReadCa(pem, out string? fault));
        Assert.NotNull(fault);
    }

    private string Url => $"http://127.0.0.1:{_receiver.Port}/hook";

    private static X509Certificate2Collection Roots(string pem) => OutboundHttp.ReadCa(pem, out _)!;

    /// <param name="until">The deadline passes when this comes true; null: after half a minute.</param>
    private async Task<OutboundAnswer> GetAsync(string? url = null, Func<bool>? until = null, bool needsBody = true, OutboundHttp? http = null)
    {
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        cancel.CancelAfter(TimeSpan.FromSeconds(30));
        using var request = new HttpRequestMessage(HttpMethod.Post, url ?? Url) { Content = new StringContent("what is sent", Encoding.UTF8) };
        Task<OutboundAnswer> answer = (http ?? _http).SendAsync(request, cancel.Token, needsBody);
        if (until != null)
        {
            while (!until())
                await Task.Delay(1, cancel.Token);
            await cancel.CancelAsync();
        }

        return await answer;
    }

    private async Task<OutputException> FaultAsync(string url, Func<bool>? until = null, OutboundHttp? http = null)
    {
        OutputException fault = await Assert.ThrowsAsync<OutputException>(() => GetAsync(url, until, http: http));
        Assert.DoesNotContain('\n', fault.Message);
        Assert.DoesNotContain("what is sent", fault.Message, StringComparison.Ordinal);
        return fault;
    }
}
