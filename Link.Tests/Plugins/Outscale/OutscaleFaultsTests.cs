using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Link.Core.Plugins;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Plugins.Outscale;

/// <summary>What goes wrong, as the operator reads it and as the driver goes on.</summary>
public sealed class OutscaleFaultsTests : IAsyncLifetime
{
    private const string Ip = "eipalloc-12345678";
    private const string Nic = "eni-0000000a";
    private const string WrongSecret = "WRONGWRONGWRONGWRONG";

    private FakeOutscale _fake = null!;
    private OutscaleHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _fake = await FakeOutscale.StartAsync(() => _host.Now);
        _fake.AddNic(Nic);
        _fake.AddPublicIp(Ip);
        _host = new OutscaleHost(_fake.Url, Nic);
    }

    public async ValueTask DisposeAsync()
    {
        Assert.All(_host.Loop.Errors, AssertFitForTheLog);
        _host.Dispose();
        await _fake.DisposeAsync();
    }

    [Theory]
    [InlineData(429, "24", "AccessDenied", "too many requests", false, 0)]
    [InlineData(429, "25", "AccessDenied", "too many requests", false, 0)]
    [InlineData(503, "6", "AccessDenied", "too many requests", false, 0)]
    [InlineData(400, "24", "AccessDenied", "too many requests", false, 0)]
    [InlineData(503, "2000", "InternalError", "Outscale fails at the moment", false, 0)]
    [InlineData(500, "2000", "InternalError", "Outscale fails at the moment", false, 0)]
    [InlineData(409, "9029", "ResourceConflict", "Outscale is busy with it", false, 0)]
    [InlineData(424, "9001", "ResourceConflict", "Outscale is busy with it", false, 0)]
    [InlineData(401, "4", "AccessDenied", "the keys may not do this; allow their user ReadPublicIps, LinkPublicIp and UnlinkPublicIp", true, 60)]
    [InlineData(401, "5", "AccessDenied", "the keys may not do this", true, 60)]
    [InlineData(401, "7", "AccessDenied", "the keys may not do this", true, 60)]
    [InlineData(403, "20", "AccessDenied", "the keys may not do this", true, 60)]
    [InlineData(401, "1", "AccessDenied", "the signature is refused: access_key or secret_key is wrong, or not active", true, 60)]
    [InlineData(401, "99", "AccessDenied", "the signature is refused", true, 60)]
    [InlineData(401, "11", "AccessDenied", "the account's access is locked for good after many wrong signatures; ask Outscale's support to unlock it", true, 60)]
    [InlineData(401, "12", "AccessDenied", "the kind of signature is not known there", true, 60)]
    [InlineData(401, "13", "AccessDenied", "the account is locked for a minute or more after wrong signatures", false, 60)]
    [InlineData(401, "14", "AccessDenied", "no API access rule of the account lets this host in", true, 60)]
    [InlineData(400, "4078", "InvalidParameterValue", "refused; check the endpoint's public_ip_id, nic_id and region", true, 60)]
    [InlineData(400, "0", "DefaultError", "refused; check", true, 60)]
    [InlineData(404, "0", "DefaultError", "this is not the Outscale API; check OSC_ENDPOINT_API and region", true, 60)]
    [InlineData(405, "2", "AccessDenied", "this is not the Outscale API", true, 60)]
    public async Task Each_error_says_what_to_do_and_when_it_is_tried_again(int status, string code, string type, string message, bool isPermanent, int atLeast)
    {
        _fake.Fail(status, code, type, "details of\nthe \u202e error");
        await _host.ActivateAsync(_host.Add(Ip));
        string error = Assert.Single(_host.Loop.Errors);
        Assert.StartsWith($"Outscale ReadPublicIps ({Ip}): {message}", error);
        Assert.EndsWith($" (HTTP {status}, code {code}, {type}: details of the error, request 0475ca1e-d0c5-441d-712a-000000000001)", error);
        double due = _host.DueIn!.Value.TotalSeconds;
        if (isPermanent)
            Assert.InRange(due, 450, 750);
        else if (atLeast > 0)
            Assert.InRange(due, atLeast, atLeast * 1.25);
        else
            Assert.InRange(due, 0.7, 1.3);
    }

    [Theory]
    [InlineData(429, "24", "17", 17)]
    [InlineData(503, "6", "17", 17)]
    [InlineData(500, "2000", "17", 17)]
    [InlineData(503, "6", "86400", 600)]
    public async Task A_pause_that_Outscale_names_is_kept_within_bounds(int status, string code, string retryAfter, int seconds)
    {
        _fake.Fail(context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.RetryAfter = retryAfter;
            return context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes($$"""{"Errors":[{"Code":"{{code}}"}]}""")).AsTask();
        });
        await _host.ActivateAsync(_host.Add(Ip));
        Assert.Equal(seconds, _host.DueIn!.Value.TotalSeconds);
    }

    [Fact]
    public async Task Throttling_backs_off_and_ends()
    {
        RemoteOutput output = _host.Add(Ip);
        for (int i = 0; i < 5; i++)
            _fake.Fail(429, "24", "AccessDenied");
        await _host.ActivateAsync(output);
        double last = 0;
        for (int i = 0; i < 5; i++)
        {
            Assert.True(_host.DueIn!.Value.TotalSeconds > last);
            last = _host.DueIn!.Value.TotalSeconds;
            await _host.NextAsync(output);
        }

        Assert.Equal(Nic, _fake.NicOf(Ip));
        Assert.Equal(5, _host.Loop.Errors.Count);
    }

    [Theory]
    [InlineData(200, "text/html", "<html>Sign in to the\nproxy</html>", "the answer is HTML, not JSON; is a proxy between, or OSC_ENDPOINT_API wrong? (HTTP 200)", false)]
    [InlineData(200, "application/json", """{"PublicIps":[{"PublicIpId":"eip""", "the answer is no JSON, or half of it; is a proxy between", false)]
    [InlineData(200, "application/json", "", "the answer is empty; is a proxy between", false)]
    [InlineData(200, "application/json", "[]", "the answer is no JSON, or half of it; is a proxy between", false)]
    [InlineData(200, "application/json", "{}", "the answer is JSON of something else; is a proxy between", false)]
    [InlineData(200, "application/json", """{"PublicIps":7}""", "the answer is JSON of something else; is a proxy between", false)]
    [InlineData(502, "text/html", "<h1>Bad gateway</h1>", "Outscale fails at the moment (HTTP 502, the answer is HTML, not JSON)", false)]
    [InlineData(500, "application/json", "", "Outscale fails at the moment (HTTP 500, the answer is empty)", false)]
    [InlineData(500, "application/json", """{"Errors":"no","ResponseContext":[]}""", "Outscale fails at the moment (HTTP 500)", false)]
    [InlineData(500, "application/json", """{"Errors":[7],"ResponseContext":{"RequestId":9}}""", "Outscale fails at the moment (HTTP 500, request 9)", false)]
    [InlineData(403, "text/html", "<h1>no</h1>", "something between lets nobody through; check proxies, OSC_ENDPOINT_API and region (HTTP 403, the answer is HTML, not JSON)", true)]
    [InlineData(401, "text/html", "<h1>no</h1>", "the signature is refused: access_key or secret_key is wrong", true)]
    [InlineData(302, "text/html", "", "it points elsewhere, which is not followed; check OSC_ENDPOINT_API and region (HTTP 302, the answer is empty)", true)]
    public async Task What_is_no_answer_of_the_API_is_said_so(int status, string contentType, string text, string message, bool isPermanent)
    {
        _fake.FailText(status, contentType, text);
        await _host.ActivateAsync(_host.Add(Ip));
        Assert.StartsWith($"Outscale ReadPublicIps ({Ip}): {message}", Assert.Single(_host.Loop.Errors));
        Assert.InRange(_host.DueIn!.Value.TotalSeconds, isPermanent ? 450 : 0.7, isPermanent ? 750 : 1.3);
        Assert.Null(_fake.NicOf(Ip));
    }

    [Fact]
    public async Task A_huge_answer_is_not_read_to_its_end()
    {
        _fake.FailText(200, "application/json", $$"""{"PublicIps":[],"a":"{{new string('x', 1_000_000)}}"}""");
        await _host.ActivateAsync(_host.Add(Ip));
        Assert.StartsWith($"Outscale ReadPublicIps ({Ip}): the answer is far too long", Assert.Single(_host.Loop.Errors));
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_an_error_and_a_wrong_signature_counts_even_so()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var host = new OutscaleHost(new Uri($"http://{listener.LocalEndpoint}/api/v1"), Nic);
        RemoteOutput output = host.Add(Ip);
        Task first = BreakOffAsync(listener, "200 OK");
        await host.ActivateAsync(output);
        await first;
        Assert.StartsWith($"Outscale ReadPublicIps ({Ip}): the answer is cut off; is a proxy between", Assert.Single(host.Loop.Errors));
        Task second = BreakOffAsync(listener, "401 Unauthorized");
        await host.NextAsync(output);
        await second;
        Assert.Contains("the signature is refused", host.Loop.Errors[1]);
        await host.DeactivateAsync(output);
        Assert.StartsWith("not asked again with these keys for 60 s", host.Loop.Errors[2]);
        Assert.All(host.Loop.Errors, AssertFitForTheLog);
    }

    [Fact]
    public async Task An_API_that_does_not_answer_is_given_up_in_time()
    {
        using var host = new OutscaleHost(_fake.Url, Nic, TimeSpan.FromMilliseconds(50));
        RemoteOutput output = host.Add(Ip);
        _fake.Hang();
        await host.ActivateAsync(output);
        Assert.Matches($@"^Outscale ReadPublicIps \({Ip}\): 127\.0\.0\.1:\d+ gave no answer within ", Assert.Single(host.Loop.Errors));
        AssertFitForTheLog(host.Loop.Errors[0]);
        Assert.InRange(host.DueIn!.Value.TotalSeconds, 0.7, 1.3);
    }

    [Fact]
    public async Task An_API_that_is_silent_is_not_asked_by_one_endpoint_after_the_other()
    {
        using var host = new OutscaleHost(_fake.Url, Nic, TimeSpan.FromSeconds(3));
        RemoteOutput[] outputs = [.. Enumerable.Range(0, 20).Select(_ => host.Add(Ip))];
        foreach (RemoteOutput output in outputs)
        {
            _fake.Hang();
            output.Activate(15, 1);
        }

        await host.IdleAsync(outputs);
        Assert.Equal(20, host.Loop.Errors.Count);
        Assert.All(host.Loop.Errors, error => Assert.Contains("gave no answer within", error));
        Assert.InRange(_fake.Calls.Count, 1, 19);
    }

    [Fact]
    public async Task An_API_that_is_not_there_is_said_so()
    {
        var closed = new Uri($"http://127.0.0.1:{ReservedPorts.Take(IPAddress.Loopback)}/api/v1");
        using var host = new OutscaleHost(closed, Nic);
        await host.ActivateAsync(host.Add(Ip));
        Assert.StartsWith($"Outscale ReadPublicIps ({Ip}): {closed.Authority} refuses the connection", Assert.Single(host.Loop.Errors));
        AssertFitForTheLog(host.Loop.Errors[0]);
    }

    [Theory]
    [InlineData(7 * 60, "this host's clock is 420 s ahead of Outscale's; set the clock")]
    [InlineData(-6 * 60, "this host's clock is 360 s behind Outscale's; set the clock")]
    public async Task A_wrong_clock_is_told_from_wrong_keys(int seconds, string message)
    {
        _host.ClockOffset = TimeSpan.FromSeconds(seconds);
        RemoteOutput output = _host.Add(Ip);
        await _host.ActivateAsync(output);
        Assert.Contains(message, Assert.Single(_host.Loop.Errors));

        // Once it is right, all is well by itself.
        _host.ClockOffset = TimeSpan.Zero;
        await _host.NextAsync(output);
        Assert.Equal(Nic, _fake.NicOf(Ip));
    }

    [Fact]
    public async Task A_wrong_key_never_locks_the_account_however_many_endpoints_have_it_and_however_often_they_are_wanted()
    {
        RemoteOutput[] outputs = [.. Enumerable.Range(0, 20).Select(_ => _host.Add(Ip, WrongSecret))];
        for (int turn = 0; turn < 350; turn++)
        {
            foreach (RemoteOutput output in outputs)
            {
                if (turn % 2 == 0)
                    output.Activate(15, 1);
                else
                    output.Deactivate();
            }

            await _host.IdleAsync(outputs);
            _host.Loop.Pass(10_000);
        }

        Assert.InRange(_fake.BadSignatures, 1, 3);
        Assert.False(_fake.WasLocked);
        Assert.True(_host.Loop.Errors.Count > 5_000);
        Assert.Contains("not asked again with these keys for", _host.Loop.Errors[^1]);
        Assert.Contains("access_key or secret_key is wrong", _host.Loop.Errors[^1]);
    }

    [Fact]
    public async Task Right_keys_work_beside_wrong_ones_and_wrong_ones_once_they_are_right()
    {
        _fake.AddPublicIp("eipalloc-000000bb");
        RemoteOutput wrong = _host.Add("eipalloc-000000bb", WrongSecret, "OTHERKEY");
        await _host.ActivateAsync(wrong);
        await _host.ActivateAsync(_host.Add(Ip));
        Assert.Equal(Nic, _fake.NicOf(Ip));
        Assert.Null(_fake.NicOf("eipalloc-000000bb"));

        _fake.SetKey("OTHERKEY", WrongSecret);
        _host.Loop.Pass(60_000);
        await _host.DeactivateAsync(wrong);
        await _host.ActivateAsync(wrong);
        Assert.Equal(Nic, _fake.NicOf("eipalloc-000000bb"));
        Assert.Equal(1, _fake.BadSignatures);
    }

    [Fact]
    public async Task An_account_that_others_have_locked_is_left_alone_for_a_minute()
    {
        RemoteOutput[] outputs = [_host.Add(Ip), _host.Add(Ip)];
        _fake.Fail(401, "13", "AccessDenied");
        foreach (RemoteOutput output in outputs)
            output.Activate(15, 1);
        await _host.IdleAsync(outputs);
        Assert.Single(_fake.Calls);
        Assert.Equal(2, _host.Loop.Errors.Count);
        _host.Loop.Pass(59_000);
        await _host.IdleAsync(outputs);
        Assert.Single(_fake.Calls);
        _host.Loop.Pass(20_000);
        await _host.IdleAsync(outputs);
        Assert.Equal(Nic, _fake.NicOf(Ip));
    }

    [Fact]
    public async Task A_host_whose_keys_are_wrong_gives_the_endpoint_to_another_at_once()
    {
        _host.Loop.OthersCompete = true;
        RemoteOutput output = _host.Add(Ip, WrongSecret);
        await _host.ActivateAsync(output);
        Assert.Contains("access_key or secret_key is wrong", output.Fault);
    }

    [Fact]
    public async Task Many_endpoints_with_the_same_keys_all_get_their_turn()
    {
        RemoteOutput[] outputs = [.. Enumerable.Range(1, 50).Select(i =>
        {
            string id = string.Create(CultureInfo.InvariantCulture, $"eipalloc-{i:x8}");
            _fake.AddPublicIp(id);
            return _host.Add(id);
        })];
        foreach (RemoteOutput output in outputs)
            output.Activate(15, 1);
        await _host.IdleAsync(outputs);
        Assert.All(outputs, output => Assert.True(output.IsFulfilled));
        Assert.Empty(_host.Loop.Errors);
        Assert.Equal(50, _fake.CallsOf("LinkPublicIp"));
    }

    /// <summary>Answers one request with the start of an answer.</summary>
    private static async Task BreakOffAsync(TcpListener listener, string status)
    {
        CancellationToken cancel = TestContext.Current.CancellationToken;
        using TcpClient client = await listener.AcceptTcpClientAsync(cancel);
        NetworkStream stream = client.GetStream();
        byte[] request = new byte[64 * 1024];
        int got = 0;
        while (!Encoding.ASCII.GetString(request, 0, got).EndsWith("}}", StringComparison.Ordinal))
            got += await stream.ReadAsync(request.AsMemory(got), cancel);
        await stream.WriteAsync(Encoding.ASCII.GetBytes($$"""HTTP/1.1 {{status}}{{"\r\n"}}Content-Length: 1000{{"\r\n\r\n"}}{"Errors":"""), cancel);
        client.Client.Shutdown(SocketShutdown.Send);
        // Closed by the other side: a reset could overtake what was written.
        while (await stream.ReadAsync(request, cancel) > 0)
        {
        }
    }

    private static void AssertFitForTheLog(string error)
    {
        Assert.DoesNotContain(FakeOutscale.AccessKey, error, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(FakeOutscale.SecretKey, error, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(WrongSecret, error, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("OTHERKEY", error, StringComparison.Ordinal);
        Assert.DoesNotContain(error, c => char.IsControl(c) || c == '\u202e');
        Assert.InRange(error.Length, 1, 800);
    }
}
