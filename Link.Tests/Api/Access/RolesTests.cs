using System.Net;
using System.Net.Sockets;
using Link.Core.Api;
using Link.Core.Api.Access;
using Link.Tests.HealthChecks;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Api.Access;

public sealed class RolesTests : IDisposable
{
    private const string Id = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";

    private readonly TemporaryFolder _folder = new();
    private readonly string _users;

    public RolesTests() => _users = _folder.Write("users", TestUsers.Line("r", Role.Read, "r's") + TestUsers.Line("o", Role.Operate, "o's") + TestUsers.Line("a", Role.Admin, "a's"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_route_lets_in_its_role_and_those_above_and_tells_the_others_what_it_needs()
    {
        await using RunningApi api = await StartAsync();
        api.Agent.Have(FakeAgent.Arp(Id, "10.0.0.1/32"));
        api.Agent.Command = _ => Task.FromResult(new Outcome(OutcomeStatus.Conflict, "reached"));
        foreach (ApiRoute route in ApiRoutes.All)
        {
            foreach ((string user, Role role) in new[] { ("r", Role.Read), ("o", Role.Operate), ("a", Role.Admin) })
            {
                ApiReply reply = await SendAsync(api, route.Method, route.Path.Replace("{id}", Id, StringComparison.Ordinal), user);
                if (role >= route.Role)
                {
                    Assert.NotInRange(reply.Status, 401, 403);
                }
                else
                {
                    string error = $"user {user} has role {RoleWord.Of(role)}; this needs {RoleWord.Of(route.Role)}";
                    string msg = route.Path.StartsWith("/ips", StringComparison.Ordinal) ? $",\"msg\":\"{error}\"" : "";
                    Assert.Equal((403, $"{{\"error\":\"{error}\"{msg}}}\n"), (reply.Status, reply.Body));
                }
            }
        }
    }

    [Fact]
    public async Task A_refused_body_is_not_acted_on()
    {
        await using RunningApi api = await StartAsync();
        Assert.Equal(403, (await SendAsync(api, "POST", "/ips", "o", """{"ip":"10.0.0.1/32"}""")).Status);
        Assert.Null(api.Agent.LastWish);
        Assert.Equal(201, (await SendAsync(api, "POST", "/ips", "a", """{"ip":"10.0.0.1/32"}""")).Status);
    }

    [Fact]
    public async Task HEAD_is_a_question()
    {
        await using RunningApi api = await StartAsync();
        Assert.Equal(200, (await SendAsync(api, "HEAD", "/endpoints", "r")).Status);
    }

    [Fact]
    public async Task USER_and_PASSWORD_are_an_admin_beside_the_users()
    {
        await using RunningApi api = await StartAsync(options => options with { User = "admin", Password = "secret" });
        ApiReply reply = await api.SendAsync("POST", "/ips", """{"ip":"10.0.0.1/32"}""", headers => headers.Authorization = TestUsers.Header("admin", "secret"));
        Assert.Equal(201, reply.Status);
        Assert.Equal(200, (await SendAsync(api, "GET", "/ips", "r")).Status);
        Assert.Equal(401, (await api.SendAsync("GET", "/ips", headers: headers => headers.Authorization = TestUsers.Header("r", "secret"))).Status);
        Assert.Equal(401, (await api.SendAsync("GET", "/ips")).Status);
    }

    [Fact]
    public async Task Wrong_guesses_from_one_address_lock_out_that_address_only()
    {
        TestClock clock = new();
        await using RunningApi api = await StartAsync(options => options with { Addresses = [IPAddress.IPv6Any] }, clock);
        for (int i = 0; i < 5; i++)
        {
            Assert.Equal(401, (await FromAsync(api, "127.0.0.2", "r", "guess")).Status);
        }

        ApiReply locked = await FromAsync(api, "127.0.0.2", "r", "r's");
        Assert.Equal((429, "{\"error\":\"too many wrong credentials from this address; try again in 1 s\"}\n", "1"), (locked.Status, locked.Body, locked.Header("Retry-After")));
        Assert.Equal("api: too many wrong credentials from 127.0.0.2, the last for user \"r\"; no answer but 429 for 1 s", Assert.Single(api.Log));
        Assert.Equal(200, (await FromAsync(api, "127.0.0.1", "r", "r's")).Status);

        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(401, (await FromAsync(api, "127.0.0.2", "r", "guess")).Status);
        Assert.Equal("2", (await FromAsync(api, "127.0.0.2", "r", "r's")).Header("Retry-After"));
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(200, (await FromAsync(api, "127.0.0.2", "r", "r's")).Status);
        Assert.Equal(401, (await FromAsync(api, "127.0.0.2", "r", "guess")).Status);
        Assert.Equal(200, (await FromAsync(api, "127.0.0.2", "r", "r's")).Status);
    }

    [Fact]
    public async Task A_crowd_of_guesses_at_once_is_locked_out_like_one_after_the_other()
    {
        await using RunningApi api = await StartAsync(time: new ManualTime());
        ApiReply[] replies = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => FromAsync(api, "127.0.0.2", "r", "guess")));
        Assert.Equal((5, 25), (replies.Count(reply => reply.Status == 401), replies.Count(reply => reply.Status == 429)));
        Assert.Single(api.Log);
    }

    [Fact]
    public async Task While_wrong_passwords_have_used_up_their_time_strangers_wait_and_those_who_are_known_are_answered()
    {
        // A hash of some seconds spends it all; the clock stands still, so that nothing comes in.
        File.AppendAllText(_users, TestUsers.Line("slow", Role.Read, "slow's", 10_000_000));
        await using RunningApi api = await StartAsync(time: new ManualTime());
        Assert.Equal(200, (await FromAsync(api, "127.0.0.1", "r", "r's")).Status);
        Assert.Equal(401, (await FromAsync(api, "127.1.0.1", "slow", "guess")).Status);
        Task<ApiReply> stranger = FromAsync(api, "127.2.0.1", "r", "guess");
        Task<ApiReply> newcomer = FromAsync(api, "127.3.0.1", "o", "o's");
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(200, (await FromAsync(api, "127.0.0.1", "r", "r's")).Status);
            Assert.Equal(401, (await api.SendAsync("GET", "/version")).Status);
        }

        Assert.False(stranger.IsCompleted || newcomer.IsCompleted);
    }

    [Fact]
    public async Task A_name_in_the_log_is_one_line_without_control_characters()
    {
        await using RunningApi api = await StartAsync();
        for (int i = 0; i < 5; i++)
        {
            await FromAsync(api, "127.0.0.1", "b\n\u001b[31mo\"b" + new string('x', 500), "hunter2");
        }

        Assert.Equal($"api: too many wrong credentials from 127.0.0.1, the last for user \"b[31mob{new string('x', 57)}\"; no answer but 429 for 1 s", Assert.Single(api.Log));
    }

    [Fact]
    public async Task Requests_without_credentials_do_not_count()
    {
        await using RunningApi api = await StartAsync();
        for (int i = 0; i < 20; i++)
        {
            Assert.Equal(401, (await api.SendAsync("GET", "/version")).Status);
        }

        Assert.Equal(200, (await SendAsync(api, "GET", "/version", "r")).Status);
    }

    [Fact]
    public async Task Many_clients_at_once_are_all_let_in()
    {
        await using RunningApi api = await StartAsync();
        foreach (string user in new[] { "r", "o", "a" })
        {
            ApiReply[] replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => SendAsync(api, "GET", "/version", user)));
            Assert.All(replies, reply => Assert.Equal(200, reply.Status));
        }
    }

    private Task<RunningApi> StartAsync(Func<ApiOptions, ApiOptions>? change = null, TimeProvider? time = null) =>
        RunningApi.StartAsync(options => (change?.Invoke(options) ?? options) with { UsersFile = _users }, time);

    private static Task<ApiReply> SendAsync(RunningApi api, string method, string path, string user, string? body = null) =>
        api.SendAsync(method, path, body, headers => headers.Authorization = TestUsers.Header(user, user + "'s"));

    /// <summary>Asks from an address of this host.</summary>
    private static async Task<ApiReply> FromAsync(RunningApi api, string address, string user, string password)
    {
        using SocketsHttpHandler handler = new()
        {
            UseProxy = false,
            ConnectCallback = async (_, cancel) =>
            {
                Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
                socket.Bind(new IPEndPoint(IPAddress.Parse(address), 0));
                await socket.ConnectAsync(IPAddress.Loopback, api.Server.Listening[0].Port, cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using HttpClient http = new(handler);
        using HttpRequestMessage request = new(HttpMethod.Get, "http://localhost/version") { Headers = { Authorization = TestUsers.Header(user, password) } };
        using HttpResponseMessage response = await http.SendAsync(request, TestContext.Current.CancellationToken);
        return new ApiReply(
            (int)response.StatusCode,
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            response.Headers.ToDictionary(header => header.Key, header => string.Join(", ", header.Value), StringComparer.OrdinalIgnoreCase));
    }
}
