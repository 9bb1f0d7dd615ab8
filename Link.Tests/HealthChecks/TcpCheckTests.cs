using System.Net;
using System.Net.Sockets;
using Link.Core.HealthChecks;
using Link.Core.Net;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.HealthChecks;

public sealed class TcpCheckTests : IDisposable
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    private readonly Socket _server = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly ManualTime _time = new();
    private readonly TcpCheck _check;

    public TcpCheckTests()
    {
        _server.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _check = new TcpCheck(new NameResolver(), _time);
    }

    private int Port => ((IPEndPoint)_server.LocalEndPoint!).Port;

    public void Dispose() => _server.Dispose();

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("localhost")]
    public async Task A_port_that_accepts_passes(string host)
    {
        _server.Listen();

        Assert.Equal(CheckResult.Pass, await ProbeAsync(host));
    }

    [Fact]
    public async Task A_port_that_nobody_listens_on_says_so_without_an_exception()
    {
        using var raised = new RaisedExceptions(nameof(TcpCheck));
        Assert.Equal(CheckResult.Fail($"connect 127.0.0.1:{Port}: connection refused"), await ProbeAsync("127.0.0.1"));
        Assert.Empty(raised.All);
    }

    [Fact]
    public async Task A_port_that_does_not_answer_fails_when_the_time_is_over()
    {
        var clients = FillBacklog();
        var probe = ProbeAsync("127.0.0.1");

        Assert.Equal(1, _time.Pending);
        _time.Advance(Second);

        Assert.Equal(CheckResult.Fail($"connect 127.0.0.1:{Port}: no answer in time"), await probe);
        Assert.Equal(0, _time.Pending);
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task A_cancelled_check_has_no_result()
    {
        var clients = FillBacklog();
        using var cancel = new CancellationTokenSource();
        var probe = _check.ProbeAsync(new HealthCheck("TCP", "127.0.0.1", Port), Second, cancel.Token);

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => probe);
        clients.ForEach(client => client.Dispose());
    }

    private Task<CheckResult> ProbeAsync(string host) => _check.ProbeAsync(new HealthCheck("TCP", host, Port), Second, TestContext.Current.CancellationToken);

    // Linux drops the SYNs of a socket whose queue of connections is full: nothing answers, as from a host that is gone.
    private List<Socket> FillBacklog()
    {
        _server.Listen(1);
        var clients = new List<Socket>();
        for (var i = 0; i < 8; i++)
        {
            var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
            clients.Add(client);
            try
            {
                client.Connect(_server.LocalEndPoint!);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.WouldBlock)
            {
            }
        }

        return clients;
    }
}
