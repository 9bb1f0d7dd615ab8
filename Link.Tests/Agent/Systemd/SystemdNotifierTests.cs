using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Link.Core.Agent.Systemd;
using Xunit;

namespace Link.Tests.Agent.Systemd;

public sealed class SystemdNotifierTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("link-").FullName;
    private readonly Socket _systemd = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { ReceiveTimeout = 60_000 };

    public void Dispose()
    {
        _systemd.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    [Fact]
    public void Every_notice_is_one_datagram_of_assignments()
    {
        using var notifier = new SystemdNotifier(Listen(("WATCHDOG_USEC", "3000000")));

        notifier.Ready("3 endpoints");
        notifier.Status("two\nlines");
        notifier.Watchdog();
        notifier.Stopping();

        Assert.Equal("READY=1\nSTATUS=3 endpoints", Receive());
        Assert.Equal("STATUS=two lines", Receive());
        Assert.Equal("WATCHDOG=1", Receive());
        Assert.Equal("STOPPING=1", Receive());
        Assert.Equal(TimeSpan.FromSeconds(3), notifier.WatchdogTimeout);
    }

    [Fact]
    public void A_reload_carries_the_monotonic_time()
    {
        using var notifier = new SystemdNotifier(Listen());

        notifier.Reloading();

        var lines = Receive().Split('\n');
        Assert.Equal("RELOADING=1", lines[0]);
        Assert.True(long.Parse(lines[1]["MONOTONIC_USEC=".Length..], CultureInfo.InvariantCulture) > 0);
    }

    [Fact]
    public void An_abstract_socket_is_reached()
    {
        var name = "link-test-" + Guid.NewGuid();
        _systemd.Bind(new UnixDomainSocketEndPoint("\0" + name));
        using var notifier = new SystemdNotifier(new Dictionary<string, string> { ["NOTIFY_SOCKET"] = "@" + name });

        notifier.Ready();

        Assert.Equal("READY=1", Receive());
    }

    [Fact]
    public void The_watchdog_of_another_process_is_not_fed()
    {
        var mine = Environment.ProcessId;
        using var other = new SystemdNotifier(Listen(("WATCHDOG_USEC", "1000"), ("WATCHDOG_PID", $"{mine + 1}")));
        using var own = new SystemdNotifier(VariablesWith(("WATCHDOG_USEC", "1000"), ("WATCHDOG_PID", $"{mine}")));

        other.Watchdog();
        own.Watchdog();
        own.Ready();

        Assert.Null(other.WatchdogTimeout);
        Assert.NotNull(own.WatchdogTimeout);
        Assert.Equal("WATCHDOG=1", Receive());
        Assert.Equal("READY=1", Receive());
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("vsock:2:1234")]
    [InlineData("relative")]
    public void Without_a_socket_that_we_know_nothing_happens(string? address)
    {
        using var notifier = new SystemdNotifier(address is null ? [] : new Dictionary<string, string> { ["NOTIFY_SOCKET"] = address });

        notifier.Ready();

        Assert.False(notifier.IsEnabled);
    }

    [Fact]
    public void A_systemd_that_is_gone_is_no_fault()
    {
        using var notifier = new SystemdNotifier(VariablesWith());

        notifier.Ready();
        notifier.Dispose();
        notifier.Ready();

        Assert.True(notifier.IsEnabled);
    }

    private Dictionary<string, string> Listen(params (string Name, string Value)[] more)
    {
        _systemd.Bind(new UnixDomainSocketEndPoint(Path.Combine(_directory, "notify")));
        return VariablesWith(more);
    }

    private Dictionary<string, string> VariablesWith(params (string Name, string Value)[] more)
    {
        var environment = more.ToDictionary(pair => pair.Name, pair => pair.Value);
        environment["NOTIFY_SOCKET"] = Path.Combine(_directory, "notify");
        return environment;
    }

    private string Receive()
    {
        var buffer = new byte[2048];
        return Encoding.UTF8.GetString(buffer, 0, _systemd.Receive(buffer));
    }
}
