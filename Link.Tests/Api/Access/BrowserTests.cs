using System.Globalization;
using Link.Core.Api;
using Xunit;

namespace Link.Tests.Api.Access;

/// <summary>A real Chromium on the agent's host, as root, opens other people's pages.</summary>
public sealed class BrowserTests
{
    private const string MadeUpName = "evil.test";

    /// <summary>Everything that a page can do to another server without its consent. API stands for the server's origin.</summary>
    private const string Script = """
        const wish = '{"ip":"10.0.0.1/32"}', api = 'API', plain = {'Content-Type': 'text/plain'}, json = {'Content-Type': 'application/json'};
        const at = name => api + '/ips?' + name;
        const post = (name, more) => fetch(at(name), {method: 'POST', body: wish, ...more}).catch(() => 0);
        const element = (tag, field, name) => new Promise(done => {
            const made = document.createElement(tag);
            made.onload = made.onerror = done;
            made[field] = at(name);
            document.body.append(made);
        });
        const form = (name, type) => new Promise(done => {
            const frame = document.createElement('iframe');
            frame.name = name;
            document.body.append(frame);
            const made = document.createElement('form');
            made.method = 'POST'; made.action = at(name); made.target = name; made.enctype = type;
            const field = document.createElement('input');
            field.name = '{"ip":"10.0.0.1/32","interface":"'; field.value = '"}';
            made.append(field);
            document.body.append(made);
            frame.onload = done;
            made.submit();
        });
        (async () => {
            await post('cors-text', {headers: plain});
            await post('nocors-text', {headers: plain, mode: 'no-cors'});
            await post('nocors-blob', {mode: 'no-cors', body: new Blob([wish])});
            await post('nocors-bytes', {mode: 'no-cors', body: new TextEncoder().encode(wish)});
            await post('nocors-hidden', {mode: 'no-cors', referrerPolicy: 'no-referrer', credentials: 'include'});
            await post('cors-json', {headers: json});
            await post('cors-go', {mode: 'cors', body: new Blob([wish]), headers: {'User-Agent': 'Go-http-client/1.1'}});
            await fetch(at('cors-delete'), {method: 'DELETE'}).catch(() => 0);
            await fetch(at('cors-get')).catch(() => 0);
            await fetch(at('nocors-get'), {mode: 'no-cors'}).catch(() => 0);
            navigator.sendBeacon(at('beacon-text'), wish);
            navigator.sendBeacon(at('beacon-blob'), new Blob([wish]));
            await element('script', 'src', 'script');
            await element('img', 'src', 'image');
            await element('iframe', 'src', 'frame');
            await form('form-text', 'text/plain');
            await form('form-url', 'application/x-www-form-urlencoded');
            await form('form-parts', 'multipart/form-data');
            await fetch(at('last'), {mode: 'no-cors'}).catch(() => 0);
        })();
        """;

    private static readonly string[] s_attempts =
    [
        "cors-text", "nocors-text", "nocors-blob", "nocors-bytes", "nocors-hidden", "cors-json", "cors-go", "cors-delete", "cors-get", "nocors-get",
        "beacon-text", "beacon-blob", "script", "image", "frame", "form-text", "form-url", "form-parts", "last",
    ];

    [Theory]
    [InlineData(null)]
    [InlineData("secret")]
    public async Task No_page_of_another_origin_reaches_a_route(string? password)
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { Password = password });
        Func<int> calls = CountCalls(api);
        using RecordingRelay relay = new(api.Server.Listening[0], new Dictionary<string, string>());
        using RecordingRelay attacker = new(api.Server.Listening[0], new Dictionary<string, string> { ["/page"] = Page($"http://127.0.0.1:{relay.Port}") });
        await BrowseAsync($"http://127.0.0.1:{attacker.Port}/page", relay);

        Assert.All(relay.Requests, request => Assert.Equal(403, request.Status));
        Assert.Equal(s_attempts.Order(), relay.Requests.Select(request => request.Attempt).Where(s_attempts.Contains).Distinct().Order());
        Assert.Equal((0, null), (calls(), api.Agent.LastWish));
    }

    [Fact]
    public async Task A_page_whose_name_comes_to_point_here_reaches_no_route()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        Func<int> calls = CountCalls(api);
        Dictionary<string, string> pages = [];
        using RecordingRelay relay = new(api.Server.Listening[0], pages);
        string origin = string.Create(CultureInfo.InvariantCulture, $"http://{MadeUpName}:{relay.Port}");
        pages["/page"] = Page(origin);
        await BrowseAsync($"{origin}/page", relay);

        // To the browser this is the page's own origin: it asks nobody, and every attempt is made just as it stands there.
        Assert.All(relay.Requests, request => Assert.Equal((403, $"{MadeUpName}:{relay.Port}"), (request.Status, request.Headers["Host"])));
        Assert.Equal(s_attempts.Order(), relay.Requests.Select(request => request.Attempt).Where(s_attempts.Contains).Distinct().Order());
        Assert.DoesNotContain(relay.Requests, request => request.Line.StartsWith("OPTIONS", StringComparison.Ordinal));
        Assert.Equal((0, null), (calls(), api.Agent.LastWish));
    }

    [Fact]
    public async Task An_address_that_the_user_types_is_answered()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        using RecordingRelay relay = new(api.Server.Listening[0], new Dictionary<string, string>());
        await BrowseAsync($"http://localhost:{relay.Port}/ips?last", relay);
        Assert.Equal(200, relay.Requests.First(request => request.Attempt == "last").Status);
    }

    private static string Page(string api) => $"<!doctype html><body><script>{Script.Replace("API", api, StringComparison.Ordinal)}</script></body>";

    /// <summary>Opens a page and waits until its script has come to its end.</summary>
    private static async Task BrowseAsync(string page, RecordingRelay relay)
    {
        using Chromium browser = Chromium.Open(page, MadeUpName);
        try
        {
            await Until.TrueAsync(() => relay.Requests.Any(request => request.Attempt == "last") || !browser.Runs);
        }
        catch (OperationCanceledException)
        {
            Assert.Fail($"the page did not come to its end: {string.Join(", ", relay.Requests.Select(request => request.Attempt))}\n{browser.Log}");
        }

        Assert.True(relay.Requests.Count > 0, browser.Log);
    }

    /// <summary>Counts how often the agent is asked or told something.</summary>
    private static Func<int> CountCalls(RunningApi api)
    {
        int calls = 0;
        api.Agent.Command = _ => Task.FromResult(new Outcome(OutcomeStatus.Conflict, $"call {Interlocked.Increment(ref calls)}"));
        api.Agent.Question = _ => Task.FromResult(Interlocked.Increment(ref calls));
        return () => calls;
    }
}
