using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Link.Core.Agent.Systemd;

/// <summary>
/// Tells systemd how the agent is (sd_notify(3)): one datagram of assignments to <c>NOTIFY_SOCKET</c>. Does nothing when that is
/// not set. Never blocks and never fails: a lost notification must not stop the agent.
/// </summary>
internal sealed class SystemdNotifier : IDisposable
{
    private const int MaxStatusLength = 1024;

    private readonly UnixDomainSocketEndPoint? _target;
    private readonly Socket? _socket;

    public SystemdNotifier(IReadOnlyDictionary<string, string> environment)
    {
        _target = TargetOf(environment.GetValueOrDefault("NOTIFY_SOCKET"));
        if (_target is null)
            return;

        _socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified) { Blocking = false };
        WatchdogTimeout = WatchdogTimeoutOf(environment);
    }

    /// <summary>True when systemd listens.</summary>
    public bool IsEnabled => _target is not null;

    /// <summary>systemd kills the agent when <see cref="Watchdog"/> is not called for this long; null: it does not watch. Call it at half of it or sooner.</summary>
    public TimeSpan? WatchdogTimeout { get; }

    /// <summary>Start or reload is finished.</summary>
    public void Ready(string? status = null) => Send("READY=1", status);

    /// <summary>A reload begins; <see cref="Ready"/> ends it.</summary>
    public void Reloading()
    {
        // Stopwatch reads CLOCK_MONOTONIC, which is the clock that systemd compares with.
        var microseconds = Stopwatch.GetTimestamp() / (Stopwatch.Frequency / 1_000_000);
        Send("RELOADING=1\nMONOTONIC_USEC=" + microseconds.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>The shutdown begins.</summary>
    public void Stopping(string? status = null) => Send("STOPPING=1", status);

    /// <summary>One line for <c>systemctl status</c>.</summary>
    public void Status(string status) => Send(null, status);

    /// <summary>The agent makes progress. To be called from the loop that makes it, not from a timer of its own.</summary>
    public void Watchdog()
    {
        if (WatchdogTimeout is not null)
            Send("WATCHDOG=1");
    }

    public void Dispose() => _socket?.Dispose();

    private static UnixDomainSocketEndPoint? TargetOf(string? address)
    {
        if (address is null || address.Length < 2 || address[0] is not ('/' or '@'))
            return null;

        try
        {
            return new UnixDomainSocketEndPoint(address[0] == '@' ? "\0" + address[1..] : address);
        }
        catch (ArgumentException)
        {
            // Longer than sun_path: nobody can listen there.
            return null;
        }
    }

    private static TimeSpan? WatchdogTimeoutOf(IReadOnlyDictionary<string, string> environment)
    {
        // A watchdog that is meant for another process (our parent) is not ours to feed.
        if (environment.GetValueOrDefault("WATCHDOG_PID") is { Length: > 0 } pid && pid != Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
            return null;

        var text = environment.GetValueOrDefault("WATCHDOG_USEC");
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var microseconds) && microseconds is > 0 and <= long.MaxValue / 10
            ? TimeSpan.FromTicks(microseconds * TimeSpan.TicksPerMicrosecond)
            : null;
    }

    private void Send(string? assignments, string? status = null)
    {
        if (_socket is null)
            return;

        var text = new StringBuilder(assignments);
        if (status is not null)
        {
            var line = status.Length > MaxStatusLength ? status[..MaxStatusLength] : status;
            text.Append(assignments is null ? "" : "\n").Append("STATUS=").Append(line.ReplaceLineEndings(" "));
        }

        try
        {
            _socket.SendTo(Encoding.UTF8.GetBytes(text.ToString()), _target!);
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
        }
    }
}
