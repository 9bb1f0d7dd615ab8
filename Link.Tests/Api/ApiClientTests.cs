using System.Net;
using System.Net.Sockets;
using System.Text;
using Link.Core.Api;
using Xunit;

namespace Link.Tests.Api;

public sealed class ApiClientTests
{
    private const string Id = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\nContent-Length: 44\r\n\r\n{\"msg\":\"no other nodes are listening\"}      ", "no other nodes are listening")]
    [InlineData("HTTP/1.1 500 X\r\nContent-Length: 30\r\n\r\n{\"error\":\"a\", \"msg\":\"b\"}       ", "a")]
    [InlineData("HTTP/1.1 500 X\r\nContent-Length: 11\r\n\r\nplain\ntext\n", "the agent answered with status 500: plain text")]
    [InlineData("HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n", "the agent answered with status 500")]
    [InlineData("HTTP/1.1 502 X\r\nContent-Length: 6\r\n\r\n<html>", "the agent answered with status 502")]
    [InlineData("HTTP/1.1 500 X\r\nContent-Length: 14\r\n\r\n{\"error\":null}", "the agent answered with status 500")]
    public async Task Errors_of_every_LinK_are_understood(string answer, string expected)
    {
        ApiRefusedException refused = await Assert.ThrowsAsync<ApiRefusedException>(() => AskAsync(answer, client => client.DeleteAsync(ApiForm.Ips, Id, Cancel)));
        Assert.Equal(expected, refused.Message);
    }

    [Fact]
    public async Task A_list_of_LinK_2_is_understood()
    {
        string body = """{"ips":[{"id":"vip-1","ip":"10.77.0.201/32","checks":[{"type":"TCP","host":"127.0.0.1","port":9}],"healthcheck_interval":7,"status":"ACTIVATED"}]}""";
        IReadOnlyList<EndpointAnswer> list = [];
        await AskAsync(Ok(body), async client => list = await client.ListAsync(ApiForm.Ips, Cancel));
        EndpointSnapshot endpoint = Assert.Single(list).Endpoint;
        Assert.Equal(("vip-1", "ACTIVATED", "arp", "10.77.0.201_32", "10.77.0.201/32", 7), (endpoint.Id, endpoint.Status, endpoint.Plugin, endpoint.ElectionKey, endpoint.Ip, endpoint.HealthcheckIntervalSeconds));
        Assert.Equal(new HealthCheckContract("TCP", "127.0.0.1", 9), Assert.Single(endpoint.Checks));
    }

    [Fact]
    public async Task An_empty_list_of_LinK_2_is_null_and_understood()
    {
        IReadOnlyList<EndpointAnswer>? list = null;
        await AskAsync(Ok("""{"ips":null}"""), async client => list = await client.ListAsync(ApiForm.Ips, Cancel));
        Assert.Empty(list!);
    }

    [Fact]
    public async Task Whoever_does_not_answer_in_JSON_is_no_agent()
    {
        ApiRefusedException refused = await Assert.ThrowsAsync<ApiRefusedException>(() => AskAsync(Ok("<html>"), client => client.ListAsync(ApiForm.Endpoints, Cancel)));
        Assert.Contains("not as a LinK agent does", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_server_writes_the_client_reads()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        EndpointSnapshot full = FakeAgent.Arp(Id, "10.0.0.1/32") with
        {
            Interface = "eth0",
            Holder = "web-1",
            Reason = "r",
            Since = new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero),
            OnEtcdLoss = "hold",
            Rivals = 3,
            LastError = "e",
            LastErrorAt = new DateTimeOffset(2026, 1, 2, 3, 4, 6, TimeSpan.Zero),
            LastErrorAnswer = "a",
        };
        api.Agent.Have(full);
        using ApiClient client = new(new ApiClientOptions { Url = new Uri(api.Url) });
        EndpointAnswer? found = await client.FindAsync(ApiForm.Endpoints, Id, Cancel);
        Assert.Equal(full, found!.Endpoint with { Checks = full.Checks });
        string hook = Id.Replace('5', '7');
        EndpointSnapshot webhook = new() { Id = hook, Status = "STANDBY", Plugin = "webhook", ElectionKey = "webhook/r", PluginConfigJson = """{"resource_id":"r","secret":"***"}""" };
        api.Agent.Have(webhook);
        Assert.Equal(webhook.PluginConfigJson, (await client.FindAsync(ApiForm.Endpoints, hook, Cancel))!.Endpoint.PluginConfigJson);
        api.Agent.Rotation = new RotationSnapshot { Running = true, Total = 3, Done = 1, Failed = 1, StartedAt = full.Since, EndedAt = full.LastErrorAt, Error = "e" };
        Assert.Equal(api.Agent.Rotation, await client.FindRotationAsync(Cancel));
        Assert.Equal(["web-1", "web-2"], await client.HostsAsync(ApiForm.Endpoints, Id, Cancel));
        Assert.Null(await client.FindAsync(ApiForm.Ips, Id.Replace('5', '6'), Cancel));
        HealthAnswer health = await client.HealthAsync(Cancel);
        Assert.Equal(("web-1", true, "ok", 2, 1), (health.Agent.Hostname, health.Agent.Healthy, health.Agent.Etcd, health.Agent.Endpoints, health.Agent.Activated));
    }

    [Fact]
    public async Task Credentials_are_sent()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { User = "admin", Password = "sécret" });
        using ApiClient right = new(new ApiClientOptions { Url = new Uri(api.Url), User = "admin", Password = "sécret" });
        Assert.Equal("1.2.3", await right.VersionAsync(Cancel));
        using ApiClient wrong = new(new ApiClientOptions { Url = new Uri(api.Url), User = "admin", Password = "secret" });
        Assert.Equal(401, (await Assert.ThrowsAsync<ApiRefusedException>(() => wrong.VersionAsync(Cancel))).Status);
    }

    [Fact]
    public async Task Nobody_there_is_told_with_the_place()
    {
        using ApiClient client = new(new ApiClientOptions { SocketPath = "/nonexistent/link.sock" });
        ApiUnreachableException fault = await Assert.ThrowsAsync<ApiUnreachableException>(() => client.VersionAsync(Cancel));
        Assert.StartsWith("no agent answers at /nonexistent/link.sock (", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_socket_that_does_not_let_us_in_leaves_TCP()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        using ApiClient client = new(new ApiClientOptions { SocketPath = "/nonexistent/link.sock", Url = new Uri(api.Url) });
        Assert.Equal("1.2.3", await client.VersionAsync(Cancel));
    }

    [Fact]
    public async Task An_agent_that_says_nothing_is_given_up()
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        using ApiClient client = new(new ApiClientOptions { Url = new Uri($"http://{silent.LocalEndpoint}"), Timeout = TimeSpan.FromMilliseconds(50) });
        ApiUnreachableException fault = await Assert.ThrowsAsync<ApiUnreachableException>(() => client.VersionAsync(Cancel));
        Assert.Equal($"no answer from http://{silent.LocalEndpoint} in time", fault.Message);
    }

    private static string Ok(string body) => $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\n\r\n{body}";

    /// <summary>Lets a client ask somebody who gives one answer to everything.</summary>
    private static async Task AskAsync(string answer, Func<ApiClient, Task> ask)
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        Task served = ServeAsync(listener, answer);
        using ApiClient client = new(new ApiClientOptions { Url = new Uri($"http://{listener.LocalEndpoint}") });
        await ask(client);
        await served;
    }

    private static async Task ServeAsync(TcpListener listener, string answer)
    {
        using TcpClient client = await listener.AcceptTcpClientAsync(Cancel);
        NetworkStream stream = client.GetStream();
        byte[] head = new byte[4096];
        int count = 0;
        while (!Encoding.ASCII.GetString(head, 0, count).Contains("\r\n\r\n", StringComparison.Ordinal))
        {
            count += await stream.ReadAsync(head.AsMemory(count), Cancel);
        }

        await stream.WriteAsync(Encoding.UTF8.GetBytes(answer), Cancel);
    }
}
