using System.Net;
using System.Net.Sockets;
using System.Text;
using Link.Core.Api;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Api;

public sealed class FaultsTests
{
    private const string Id = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";

    [Theory]
    [InlineData("GET", "/endpoints")]
    [InlineData("DELETE", "/endpoints/" + Id)]
    public async Task A_fault_is_500_with_an_id_that_leads_to_the_log(string method, string path)
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Question = _ => throw new InvalidOperationException("secret detail");
        api.Agent.Command = _ => throw new InvalidOperationException("secret detail");
        ApiReply reply = await api.SendAsync(method, path);
        Assert.Equal(500, reply.Status);
        Assert.Matches("^\\{\"error\":\"internal fault [0-9a-f]{8}; the agent's log says more\"\\}\n$", reply.Body);
        string id = reply.Body.Split(' ', ';')[2];
        Assert.Contains($"fault={id}", Assert.Single(api.Log), StringComparison.Ordinal);
        Assert.Contains("secret detail", api.Log[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_agent_that_is_overloaded_is_503_and_no_defect()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        api.Agent.Command = _ => throw new TimeoutException("the agent is overloaded");
        api.Agent.Question = _ => throw new TimeoutException("the agent is overloaded");
        ApiReply command = await api.SendAsync("DELETE", $"/endpoints/{Id}");
        Assert.Equal((503, "{\"error\":\"the agent is overloaded\"}\n"), (command.Status, command.Body));
        Assert.Equal(503, (await api.SendAsync("GET", "/endpoints")).Status);
        Assert.Empty(api.Log);
    }

    [Fact]
    public async Task A_command_that_a_stop_of_the_agent_ends_is_503_and_no_defect()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        api.Agent.Command = async cancel =>
        {
            started.SetResult();
            await Task.Delay(Timeout.Infinite, cancel);
            return new Outcome(OutcomeStatus.Done);
        };
        Task<ApiReply> deletion = api.SendAsync("DELETE", $"/endpoints/{Id}");
        await started.Task;
        api.Server.EndCommands();
        ApiReply reply = await deletion;
        Assert.Equal((503, "{\"error\":\"the agent is stopping\"}\n"), (reply.Status, reply.Body));
        Assert.Empty(api.Log);
    }

    [Fact]
    public async Task An_agent_that_hangs_is_503_and_unhealthy()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { ReadDeadline = TimeSpan.FromMilliseconds(10) });
        api.Agent.Question = _ => new TaskCompletionSource().Task;
        ApiReply list = await api.SendAsync("GET", "/endpoints");
        Assert.Equal((503, "{\"error\":\"the agent's event loop did not answer within 0.01 s\"}\n"), (list.Status, list.Body));
        ApiReply health = await api.SendAsync("GET", "/health");
        Assert.Equal((503, "{\"healthy\":false,\"reason\":\"the agent's event loop did not answer within 0.01 s\"}\n"), (health.Status, health.Body));
        Assert.Equal(200, (await api.SendAsync("GET", "/version")).Status);
    }

    [Fact]
    public async Task A_command_that_takes_too_long_is_503_and_goes_on()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { CommandDeadline = TimeSpan.FromMilliseconds(10) });
        TaskCompletionSource<Outcome> command = new(TaskCreationOptions.RunContinuationsAsynchronously);
        CancellationToken given = default;
        api.Agent.Command = cancel =>
        {
            given = cancel;
            return command.Task;
        };
        ApiReply reply = await api.SendAsync("DELETE", $"/endpoints/{Id}");
        Assert.Equal(503, reply.Status);
        Assert.False(given.IsCancellationRequested);

        command.SetException(new InvalidOperationException("later"));
        await Until.TrueAsync(() => api.Log.Count == 1);
        Assert.Contains("later", api.Log[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_that_goes_away_ends_the_waiting_not_the_command()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        TaskCompletionSource<CancellationToken> started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<Outcome> command = new(TaskCreationOptions.RunContinuationsAsynchronously);
        api.Agent.Command = cancel =>
        {
            started.TrySetResult(cancel);
            return command.Task;
        };
        CancellationToken given;
        using (TcpClient client = await api.ConnectAsync())
        {
            await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"DELETE /endpoints/{Id} HTTP/1.1\r\nHost: localhost\r\n\r\n"), TestContext.Current.CancellationToken);
            given = await started.Task;
        }

        Assert.Equal(200, (await api.SendAsync("GET", "/version")).Status);
        Assert.False(given.IsCancellationRequested);
        command.SetResult(new Outcome(OutcomeStatus.Done));
        await api.Server.StopAsync();
        Assert.True(given.IsCancellationRequested);
        Assert.Empty(api.Log);
    }

    [Fact]
    public async Task Commands_under_way_are_bounded()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { CommandDeadline = TimeSpan.FromMilliseconds(10), MaxCommands = 2 });
        TaskCompletionSource<Outcome> command = new(TaskCreationOptions.RunContinuationsAsynchronously);
        api.Agent.Command = _ => command.Task;
        for (int i = 0; i < 2; i++)
        {
            Assert.Contains("goes on with it", (await api.SendAsync("POST", "/drain")).Body, StringComparison.Ordinal);
        }

        ApiReply refused = await api.SendAsync("POST", "/drain");
        Assert.Equal((503, "{\"error\":\"2 commands are under way; try again later\"}\n"), (refused.Status, refused.Body));
        command.SetResult(new Outcome(OutcomeStatus.Done));
        await Until.TrueAsync(async () => (await api.SendAsync("POST", "/drain")).Status == 204);
    }

    [Fact]
    public async Task Connections_are_bounded_and_those_beyond_are_closed()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { MaxConnections = 1 });
        string request = "GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n";
        using (TcpClient first = await api.ConnectAsync())
        {
            await first.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), TestContext.Current.CancellationToken);
            Assert.NotEqual(0, await first.GetStream().ReadAsync(new byte[1000], TestContext.Current.CancellationToken));
            using TcpClient second = await api.ConnectAsync();
            try
            {
                Assert.Equal(0, await second.GetStream().ReadAsync(new byte[1], TestContext.Current.CancellationToken));
            }
            catch (IOException)
            {
                // Reset instead of closed.
            }
        }

        await Until.TrueAsync(async () =>
        {
            try
            {
                return (await api.SendAsync("GET", "/version")).Status == 200;
            }
            catch (HttpRequestException)
            {
                return false;
            }
        });
    }

    [Fact]
    public async Task A_port_in_use_is_one_line_with_the_way_out()
    {
        await using RunningApi api = await RunningApi.StartAsync();
        IPEndPoint taken = api.Server.Listening[0];
        ApiStartException fault = await Assert.ThrowsAsync<ApiStartException>(() => RunningApi.StartAsync(options => options with { Port = taken.Port }));
        Assert.Equal($"port {taken.Port} on 127.0.0.1 is in use: set PORT", fault.Message);
    }

    [Fact]
    public async Task An_address_of_another_host_is_one_line()
    {
        ApiStartException fault = await Assert.ThrowsAsync<ApiStartException>(() => RunningApi.StartAsync(options => options with { Addresses = [IPAddress.Parse("192.0.2.1")] }));
        Assert.Equal("address 192.0.2.1 is not on this host", fault.Message);
    }

    [Fact]
    public async Task Without_addresses_it_listens_on_all_of_them()
    {
        await using RunningApi api = await RunningApi.StartAsync(options => options with { Addresses = [] });
        IPEndPoint any = Assert.Single(api.Server.Listening);
        Assert.Contains(any.Address, new[] { IPAddress.IPv6Any, IPAddress.Any });
        using ApiClient client = new(new ApiClientOptions { Url = new Uri($"http://127.0.0.1:{any.Port}") });
        Assert.Equal("1.2.3", await client.VersionAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_stopped_server_lets_its_port_go()
    {
        int port = ReservedPorts.Take(IPAddress.Loopback);
        RunningApi api = await RunningApi.StartAsync(options => options with { Port = port });
        await api.DisposeAsync();
        await using RunningApi again = await RunningApi.StartAsync(options => options with { Port = port });
        Assert.Equal(200, (await again.SendAsync("GET", "/version")).Status);
    }
}
