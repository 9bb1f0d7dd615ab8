using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using Link.Core.Api;
using Link.Core.Api.Access;
using Link.Tests.Bed;
using Link.Tests.Support;
using Xunit;
using Outcome = Link.Core.Api.Outcome;

namespace Link.Tests.Api.Access;

public sealed class BrowserGuardTests : IDisposable
{
    private const string Wish = """{"ip":"10.0.0.1/32"}""";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("localhost")]
    [InlineData("LocalHost:1313")]
    [InlineData("localhost.:1313")]
    [InlineData("127.0.0.1:1")]
    [InlineData("127.9.8.7")]
    [InlineData("[::1]")]
    [InlineData("[::1]:1313")]
    [InlineData("[0:0:0:0:0:0:0:1]:1313")]
    [InlineData("[::ffff:127.0.0.1]")]
    public async Task Without_credentials_names_of_loopback_come_in(string host)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        Assert.Equal(200, await StatusAsync(api, "GET /version", $"Host: {host}"));
    }

    [Theory]
    [InlineData("evil.test")]
    [InlineData("evil.test:1313")]
    [InlineData("localhost.evil.test")]
    [InlineData("127.0.0.1.evil.test")]
    [InlineData("127.1")]
    [InlineData("0x7f.1")]
    [InlineData("2130706433")]
    [InlineData("0.0.0.0")]
    [InlineData("[fe80::1]")]
    [InlineData("10.0.0.1")]
    [InlineData("[2001:db8::1]")]
    [InlineData("web-1")]
    public async Task Without_credentials_other_names_are_refused_on_every_route(string host)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        Func<int> calls = CountCalls(api);
        foreach (ApiRoute route in ApiRoutes.All)
        {
            Assert.Equal(403, await StatusAsync(api, $"{route.Method} {PathOf(route)}", $"Host: {host}"));
        }

        Assert.Equal(403, await StatusAsync(api, "GET /nothing", $"Host: {host}"));
        Assert.Equal(0, calls());
    }

    [Fact]
    public async Task A_refused_name_is_told_what_to_do()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string reply = await api.SendRawAsync("GET /version HTTP/1.1\r\nHost: web-1:1313\r\nConnection: close\r\n\r\n");
        Assert.Contains(
            "Host \\\"web-1:1313\\\" is refused while the API asks for no credentials, since any web page may go by such a name: "
            + "use localhost, 127.0.0.1, [::1] or the address that you connect to, or set PASSWORD",
            reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task HTTP_1_0_may_name_no_host_and_two_are_400()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        Assert.StartsWith("HTTP/1.1 200 ", await api.SendRawAsync("GET /version HTTP/1.0\r\n\r\n"), StringComparison.Ordinal);
        Assert.StartsWith("HTTP/1.1 400 ", await api.SendRawAsync("GET /version HTTP/1.1\r\nHost: localhost\r\nHost: evil.test\r\n\r\n"), StringComparison.Ordinal);
        string absolute = await api.SendRawAsync("GET http://evil.test/version HTTP/1.1\r\nHost: evil.test\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 403 ", absolute, StringComparison.Ordinal);
        absolute = await api.SendRawAsync("GET http://evil.test/version HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 400 ", absolute, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_address_that_the_client_has_connected_to_is_a_name_too()
    {
        IPAddress? lan = NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(link => link.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address));
        Assert.SkipWhen(lan is null, "this host has no other address than loopback's");
        await using RunningApi api = await RunningApi.StartAsync(options => options with { Addresses = [IPAddress.IPv6Any] });
        foreach ((string host, int status) in new[] { ($"{lan}:1313", 200), ("10.255.255.254", 403), ("web-1", 403), ("127.0.0.1", 200) })
        {
            using TcpClient client = new();
            await client.ConnectAsync(lan!, api.Server.Listening[0].Port, TestContext.Current.CancellationToken);
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET /version HTTP/1.1\r\nHost: {host}\r\n\r\n"), TestContext.Current.CancellationToken);
            byte[] head = new byte[4096];
            int length = await client.GetStream().ReadAsync(head, TestContext.Current.CancellationToken);
            Assert.StartsWith($"HTTP/1.1 {status} ", Encoding.ASCII.GetString(head, 0, length), StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("Origin: http://evil.test")]
    [InlineData("Origin: null")]
    [InlineData("Origin: ")]
    [InlineData("Origin: http://localhost:8080")]
    [InlineData("Origin: https://localhost")]
    [InlineData("Origin: http://localhost:1313.evil.test")]
    [InlineData("Origin: http://x@localhost:1313")]
    [InlineData("Origin: chrome-extension://abc")]
    [InlineData("Origin: http://localhost:1313\r\nOrigin: http://evil.test")]
    [InlineData("Sec-Fetch-Site: cross-site")]
    [InlineData("Sec-Fetch-Site: same-site")]
    [InlineData("Sec-Fetch-Site: ")]
    [InlineData("Sec-Fetch-Site: none, cross-site")]
    [InlineData("Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site")]
    public async Task A_page_of_another_origin_is_refused_on_every_route_with_and_without_credentials(string header)
    {
        foreach (string? password in new[] { null, "secret" })
        {
            await using RunningApi api = await RunningApi.StartAsync(options => options with { Password = password });
            Func<int> calls = CountCalls(api);
            string authorization = password is null ? "" : $"\r\nAuthorization: {TestUsers.Header("", password)}";
            foreach (string line in ApiRoutes.All.Select(route => $"{route.Method} {PathOf(route)}").Append("GET /nothing").Append("OPTIONS /ips").Append("HEAD /ips"))
            {
                Assert.Equal(403, await StatusAsync(api, line, $"Host: localhost:1313\r\n{header}{authorization}"));
            }

            Assert.Equal(0, calls());
        }
    }

    [Fact]
    public async Task It_is_refused_on_the_Unix_socket_too()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { SocketPath = _folder.File("link.sock") });
        string[] command = ["--silent", "--unix-socket", api.Server.ListeningSocket!, "--write-out", "%{http_code}", "--output", "/dev/null"];
        string curl = Programs.Find("curl");
        Assert.Equal("403", await Tool.RunAsync(curl, [.. command, "-H", "Origin: http://evil.test", "http://link/ips"]));
        Assert.Equal("403", await Tool.RunAsync(curl, [.. command, "-H", "Sec-Fetch-Site: cross-site", "http://link/ips"]));
        Assert.Equal("200", await Tool.RunAsync(curl, [.. command, "http://link/ips"]));
        Assert.Equal("415", await Tool.RunAsync(curl, [.. command, "-d", Wish, "http://link/ips"]));
    }

    [Theory]
    [InlineData("Origin: http://localhost:1313")]
    [InlineData("Origin: HTTP://LOCALHOST:1313")]
    [InlineData("Sec-Fetch-Site: none")]
    [InlineData("Sec-Fetch-Site: same-origin")]
    public async Task The_API_s_own_origin_and_a_typed_address_come_in(string header)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        Assert.Equal(200, await StatusAsync(api, "GET /ips", $"Host: localhost:1313\r\n{header}"));
    }

    [Fact]
    public async Task Wrong_guesses_of_a_page_lock_nobody_out()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { Password = "secret" });
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(403, await StatusAsync(api, "GET /ips", $"Host: localhost\r\nOrigin: http://evil.test\r\nAuthorization: {TestUsers.Header("", "guess")}"));
        }

        Assert.Equal(200, await StatusAsync(api, "GET /ips", $"Host: web-1\r\nAuthorization: {TestUsers.Header("", "secret")}"));
        Assert.Empty(api.Log);
    }

    [Theory]
    [InlineData("application/json", 201)]
    [InlineData("Application/JSON; charset=utf-8", 201)]
    [InlineData("application/json;charset=utf-8", 201)]
    [InlineData("text/plain", 415)]
    [InlineData("text/plain; application/json", 415)]
    [InlineData("text/plain;charset=UTF-8", 415)]
    [InlineData("application/x-www-form-urlencoded", 415)]
    [InlineData("multipart/form-data; boundary=application/json", 415)]
    [InlineData("application/json-patch+json", 415)]
    [InlineData("application/jsonx", 415)]
    [InlineData("", 415)]
    [InlineData(null, 415)]
    public async Task A_body_is_JSON_by_its_type(string? type, int status)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string other = Wish.Replace("0.1/", "0.2/", StringComparison.Ordinal);
        foreach (string framing in new[] { $"Content-Length: {Wish.Length}\r\n\r\n{Wish}", $"Transfer-Encoding: chunked\r\n\r\n{other.Length:x}\r\n{other}\r\n0\r\n\r\n" })
        {
            string header = type is null ? "" : $"Content-Type: {type}\r\n";
            string reply = await api.SendRawAsync($"POST /ips HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{header}{framing}");
            Assert.StartsWith($"HTTP/1.1 {status} ", reply, StringComparison.Ordinal);
        }

        Assert.Equal(status == 201, api.Agent.LastWish is not null);
    }

    [Theory]
    [InlineData("User-Agent: Go-http-client/1.1", 201)]
    [InlineData("User-Agent: Go-http-client/1.1\r\nContent-Type: text/plain", 415)]
    [InlineData("User-Agent: Go-http-client/1.1\r\nContent-Type: ", 415)]
    [InlineData("User-Agent: Go-http-client/1.1\r\nSec-Fetch-Mode: no-cors", 415)]
    [InlineData("User-Agent: Go-http-client/1.1\r\nOrigin: http://localhost", 415)]
    [InlineData("User-Agent: Go-http-client/1.1\r\nOrigin: null", 403)]
    [InlineData("User-Agent: Mozilla/5.0 Go-http-client/1.1", 415)]
    public async Task Clients_of_LinK_send_no_type_and_Go_s_name(string headers, int status)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string reply = await api.SendRawAsync($"POST /ips HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}\r\nContent-Length: {Wish.Length}\r\n\r\n{Wish}");
        Assert.StartsWith($"HTTP/1.1 {status} ", reply, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_has_no_body_needs_no_type()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Command = _ => Task.FromResult(new Outcome(OutcomeStatus.Conflict, "reached"));
        Assert.Equal(409, await StatusAsync(api, "POST /drain", "Host: localhost"));
        Assert.Equal(409, await StatusAsync(api, "POST /drain", "Host: localhost\r\nContent-Length: 0\r\nContent-Type: text/plain"));
    }

    [Theory]
    [InlineData("GET /ips", "Host: localhost", 200)]
    [InlineData("GET /nothing", "Host: localhost", 404)]
    [InlineData("GET /ips", "Host: evil.test", 403)]
    [InlineData("GET /ips", "Host: localhost\r\nOrigin: null", 403)]
    [InlineData("OPTIONS /ips", "Host: localhost\r\nOrigin: http://evil.test\r\nAccess-Control-Request-Method: POST", 403)]
    [InlineData("OPTIONS /ips", "Host: localhost", 405)]
    public async Task Every_answer_forbids_other_pages_to_use_it(string line, string headers, int status)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        string reply = await api.SendRawAsync($"{line} HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", reply, StringComparison.Ordinal);
        Assert.Contains("\r\nX-Content-Type-Options: nosniff\r\n", reply, StringComparison.Ordinal);
        Assert.Contains("\r\nCross-Origin-Resource-Policy: same-origin\r\n", reply, StringComparison.Ordinal);
        Assert.DoesNotContain("Access-Control-", reply, StringComparison.OrdinalIgnoreCase);
    }

    private static string PathOf(ApiRoute route) => route.Path.Replace("{id}", "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf", StringComparison.Ordinal);

    private static async Task<int> StatusAsync(RunningApi api, string line, string headers)
    {
        string reply = await api.SendRawAsync($"{line} HTTP/1.1\r\n{headers}\r\nConnection: close\r\n\r\n");
        return int.Parse(reply.Split(' ')[1], CultureInfo.InvariantCulture);
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
