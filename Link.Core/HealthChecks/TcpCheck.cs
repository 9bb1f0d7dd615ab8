using System.Net;
using System.Net.Sockets;
using Link.Core.Net;

namespace Link.Core.HealthChecks;

/// <summary>Passes when a TCP connection to one of the host's addresses is accepted within the timeout.</summary>
internal sealed class TcpCheck(NameResolver names, TimeProvider time)
{
    /// <summary>Tries the host's addresses in order; each has its share of what is left of the timeout, so that a silent one leaves time for the next.</summary>
    /// <exception cref="OperationCanceledException">The token, not the timeout.</exception>
    public async Task<CheckResult> ProbeAsync(HealthCheck check, TimeSpan timeout, CancellationToken cancel)
    {
        var start = time.GetTimestamp();
        IPAddress[] addresses;
        using (var deadline = new Deadline(timeout, time, cancel))
        {
            try
            {
                addresses = await names.ResolveAsync(check.Host, deadline.Token).ConfigureAwait(false);
            }
            catch (SocketException e)
            {
                return CheckResult.Fail($"resolve {check.Host}: {Words(e.SocketErrorCode)}");
            }
            catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
            {
                return CheckResult.Fail($"resolve {check.Host}: no answer in time");
            }
        }

        var failures = new List<string>();
        for (var i = 0; i < addresses.Length; i++)
        {
            var share = (timeout - time.GetElapsedTime(start)) / (addresses.Length - i);
            var failure = await ConnectAsync(new IPEndPoint(addresses[i], check.Port), share, cancel).ConfigureAwait(false);
            if (failure is null)
                return CheckResult.Pass;
            failures.Add(failure);
        }

        return CheckResult.Fail(failures.Count == 0 ? $"resolve {check.Host}: no address" : string.Join(", ", failures));
    }

    private async Task<string?> ConnectAsync(IPEndPoint target, TimeSpan timeout, CancellationToken cancel)
    {
        if (timeout <= TimeSpan.Zero)
            return $"connect {target}: no time left";

        try
        {
            using var socket = new Socket(target.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            // A refusal is an answer. As an exception it costs a process that is compiled ahead of time 3 MiB for good: the names in the text of its stack.
            using var attempt = new SocketAsyncEventArgs { RemoteEndPoint = target };
            var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            attempt.Completed += (_, _) => ended.TrySetResult();
            if (socket.ConnectAsync(attempt))
            {
                using var deadline = new Deadline(timeout, time, cancel);
                using var stop = deadline.Token.UnsafeRegister(static attempt => Socket.CancelConnectAsync((SocketAsyncEventArgs)attempt!), attempt);
                await ended.Task.ConfigureAwait(false);
            }

            if (attempt.SocketError == SocketError.Success)
                return null;
            cancel.ThrowIfCancellationRequested();
            return $"connect {target}: {Words(attempt.SocketError)}";
        }
        catch (SocketException e)
        {
            return $"connect {target}: {Words(e.SocketErrorCode)}";
        }
    }

    private static string Words(SocketError error) => error switch
    {
        SocketError.ConnectionRefused => "connection refused",
        SocketError.ConnectionReset => "connection reset",
        SocketError.HostUnreachable => "no route to host",
        SocketError.NetworkUnreachable => "network is unreachable",
        SocketError.TimedOut or SocketError.OperationAborted => "no answer in time",
        SocketError.AccessDenied => "not permitted (a local firewall?)",
        SocketError.HostNotFound or SocketError.NoData => "no such name",
        SocketError.TryAgain or SocketError.NoRecovery => "the name server does not answer",
        SocketError.AddressFamilyNotSupported => "this host does not speak that address family",
        SocketError.TooManyOpenSockets => "too many open files in the agent",
        SocketError.AddressNotAvailable => "no local address or port left",
        _ => $"socket error {error}",
    };

    private readonly struct Deadline : IDisposable
    {
        private readonly CancellationTokenSource _timeout;
        private readonly CancellationTokenSource _either;

        public Deadline(TimeSpan timeout, TimeProvider time, CancellationToken cancel)
        {
            _timeout = new CancellationTokenSource(timeout, time);
            _either = CancellationTokenSource.CreateLinkedTokenSource(_timeout.Token, cancel);
        }

        public CancellationToken Token => _either.Token;

        public void Dispose()
        {
            _either.Dispose();
            _timeout.Dispose();
        }
    }
}
