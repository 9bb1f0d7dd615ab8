using System.Net;
using System.Text;
using System.Text.Json;
using Link.Core.Plugins;
using Microsoft.AspNetCore.Http;
using Xunit;

namespace Link.Tests.Plugins.Webhook;

/// <summary>What the receiver may answer, and what is made of it.</summary>
public sealed partial class WebhookPluginTests
{
    [Theory]
    [InlineData(200)]
    [InlineData(201)]
    [InlineData(202)]
    [InlineData(204)]
    [InlineData(299)]
    public async Task Any_2xx_is_success(int status)
    {
        _receiver.AnswerWith(status);
        Create().Activate(null, 1);
        await _loop.EndedAsync();
        Assert.Empty(_loop.Errors);
    }

    [Theory]
    [InlineData(304, "it redirects, and redirects are not followed; give the final URL")]
    [InlineData(400, "it does not accept the request; is it the URL of a receiver of these webhooks?")]
    [InlineData(401, "it does not know the sender; check secret and headers")]
    [InlineData(403, "it does not allow it; check secret, headers and its access rules")]
    [InlineData(404, "there is nothing at this path; check the URL, or is the receiver being deployed?")]
    [InlineData(405, "it takes no POST at this path; check the URL")]
    [InlineData(408, "the request took it too long")]
    [InlineData(410, "there is nothing at this path; check the URL, or is the receiver being deployed?")]
    [InlineData(418, "only 2xx is success")]
    [InlineData(425, "only 2xx is success")]
    [InlineData(429, "too many requests for it")]
    [InlineData(500, "it failed; look at its log")]
    [InlineData(502, "its gateway does not reach the receiver")]
    [InlineData(503, "it is not available now")]
    public async Task Another_status_is_told_with_its_meaning_and_tried_again_soon(int status, string meaning)
    {
        _receiver.AnswerWith(status);
        Create().Activate(null, 1);
        await _loop.EndedAsync();
        Assert.Equal($"127.0.0.1:{_receiver.Port} answered {status}: {meaning}", Assert.Single(_loop.Errors));
        Assert.InRange(_loop.Outputs.NextDueMs!.Value - _loop.NowMs, 750, 1250);
    }

    [Theory]
    [InlineData(429, 60)]
    [InlineData(503, 60)]
    [InlineData(500, 1)]
    public async Task The_pause_that_an_overloaded_receiver_asks_for_is_kept(int status, int seconds)
    {
        _receiver.AnswerWith(status, headers: ("Retry-After", "60"));
        Create().Activate(null, 1);
        await _loop.EndedAsync();
        Assert.InRange(_loop.Outputs.NextDueMs!.Value - _loop.NowMs, seconds * 750, seconds * 1250);
    }

    [Fact]
    public async Task A_redirect_is_a_failure_that_names_the_host_and_nothing_goes_there()
    {
        await using WebReceiver other = await WebReceiver.StartAsync();
        _receiver.AnswerWith(307, headers: ("Location", $"http://u:p@localhost:{other.Port}/?token=t0ken"));
        RemoteOutput output = Create();
        output.Activate(null, 1);
        await _loop.EndedAsync();
        _receiver.AnswerWith(301, headers: ("Location", "/elsewhere?token=t0ken"));
        output.Deactivate();
        await _loop.EndedAsync();
        Assert.Equal(
            [
                $"127.0.0.1:{_receiver.Port} answered 307: it redirects, and redirects are not followed; give the final URL",
                $"127.0.0.1:{_receiver.Port} answered 301: it redirects, and redirects are not followed; give the final URL",
            ],
            _loop.Errors);
        Assert.Equal(["redirects to http://localhost", "redirects to another path of the same host"], _loop.Answers);
        Assert.Equal(0, other.Count);
    }

    [Fact]
    public async Task A_standby_does_not_wait_for_an_activation_that_hangs_or_is_repeated()
    {
        _receiver.Answer = context => _receiver.Count == 1 ? WebReceiver.HangAsync(context) : Task.CompletedTask;
        RemoteOutput output = Create();
        output.Activate(null, 1);
        await _loop.UntilAsync(() => _receiver.Count == 1);
        output.Deactivate();
        await _loop.EndedAsync();
        Assert.Equal(["ACTIVATED", "STANDBY"], _receiver.Requests.Select(Status));

        _receiver.AnswerWith(500);
        output.Activate(null, 1);
        await _loop.EndedAsync();
        _receiver.AnswerWith(204);
        output.Deactivate();
        await _loop.EndedAsync();
        Assert.Equal(["ACTIVATED", "STANDBY", "ACTIVATED", "STANDBY"], _receiver.Requests.Select(Status));
        Assert.Single(_loop.Errors);
    }

    [Fact]
    public async Task After_five_seconds_silence_is_a_failure_and_a_status_counts_whatever_becomes_of_the_body()
    {
        _receiver.Answer = WebReceiver.HangAsync;
        using RawReceiver good = RawReceiver.Huge(200, 1, TimeSpan.FromMilliseconds(10));
        using RawReceiver bad = RawReceiver.Huge(404, 1, TimeSpan.FromMilliseconds(10));
        RemoteOutput[] outputs = [Create(), Create(url: good.Url), Create(url: bad.Url)];
        Assert.All(outputs, output => Assert.Equal(TimeSpan.FromSeconds(5), output.Remote.Deadline));
        Array.ForEach(outputs, output => output.Activate(null, 1));
        await _loop.EndedAsync();
        await _loop.EndedAsync();
        await _loop.EndedAsync();
        Assert.Equal(2, _loop.Errors.Count);
        Assert.Matches($@"^127\.0\.0\.1:{_receiver.Port} gave no answer within [0-9.]+ s; ", _loop.Errors.Single(error => error.Contains($":{_receiver.Port} ", StringComparison.Ordinal)));
        int failed = _loop.Errors.FindIndex(error => error.Contains($":{bad.Port} ", StringComparison.Ordinal));
        Assert.Matches(" answered 404: there is nothing at this path; [^x]*$", _loop.Errors[failed]);
        Assert.Matches("^x{1,120}…?$", _loop.Answers[failed]);
    }

    [Fact]
    public async Task Of_a_huge_answer_only_the_start_is_read()
    {
        using RawReceiver good = RawReceiver.Huge(200, 10_000, most: 70_000);
        using RawReceiver bad = RawReceiver.Huge(500, 10_000, most: 70_000);
        Create(url: good.Url).Activate(null, 1);
        await _loop.EndedAsync();
        Assert.Empty(_loop.Errors);
        Create(url: bad.Url).Activate(null, 1);
        await _loop.EndedAsync();
        Assert.EndsWith("it failed; look at its log", Assert.Single(_loop.Errors), StringComparison.Ordinal);
        Assert.Equal($"{new string('x', 120)}…", _loop.Answers[0]);
        await good.ClosedAsync(TestContext.Current.CancellationToken);
        await bad.ClosedAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_little_of_the_answer_is_told_on_one_line_beside_the_reason()
    {
        _receiver.AnswerWith(500, "no such pool:\r\n\tfront\u001b[31m \u202Egnp.exe\0 " + new string('y', 500));
        RemoteOutput output = Create();
        output.Activate(null, 1);
        await _loop.EndedAsync();
        string start = "no such pool: front [31m gnp.exe ";
        Assert.Equal($"127.0.0.1:{_receiver.Port} answered 500: it failed; look at its log", Assert.Single(_loop.Errors));
        Assert.Equal($"{start}{new string('y', 120 - start.Length)}…", _loop.Answers[0]);

        _receiver.AnswerWith(500, "PNG", "image/png");
        output.Deactivate();
        await _loop.EndedAsync();
        Assert.EndsWith("it failed; look at its log", _loop.Errors[1], StringComparison.Ordinal);
        Assert.Null(_loop.Answers[1]);
    }

    [Fact]
    public async Task Secrets_that_the_answer_repeats_are_masked()
    {
        const string Token = "t<0>k\"en é";
        string basic = Convert.ToBase64String("user:pässword"u8);
        RemoteOutput output = Create(headers: new() { ["Authorization"] = $"Bearer {Token}", ["X-Basic"] = $"Basic {basic}", ["X-Words"] = "ab cd ef" });
        Func<ReceivedRequest, string>[] echoes =
        [
            _ => SharedSecret,
            _ => Uri.EscapeDataString(SharedSecret),
            _ => JsonSerializer.Serialize(SharedSecret),
            request => request.Headers["X-Words"].Replace(' ', '\n'),
            _ => Convert.ToBase64String(Encoding.UTF8.GetBytes(SharedSecret)),
            request => request.Headers["X-Link-Webhook-Signature"],
            request => request.Headers["X-Link-Webhook-Signature"].ToUpperInvariant(),
            request => request.Headers["Authorization"],
            request => JsonSerializer.Serialize(request.Headers["Authorization"]),
            request => WebUtility.HtmlEncode(request.Headers["Authorization"]),
            request => request.Headers["X-Basic"],
            _ => basic,
        ];
        foreach (Func<ReceivedRequest, string> echo in echoes)
        {
            _receiver.Answer = context =>
            {
                context.Response.StatusCode = 400;
                return context.Response.WriteAsync($"<{echo(_receiver.Requests[^1])}>");
            };
            output.Activate(null, 1);
            await _loop.EndedAsync();
            Assert.Contains(_loop.Answers[^1], new[] { "<***>", "<\"***\">" });
        }
    }

    // ---- the rest ---------------------------------------------------------------------------------
}
