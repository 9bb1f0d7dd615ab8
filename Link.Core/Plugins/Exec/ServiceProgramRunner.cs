using System.Net.Sockets;

namespace Link.Core.Plugins.Exec;

/// <summary>
/// Has programs run by a service, as a user of their own: one connection to its Unix socket is one run, and ends with it. Whatever becomes of the service,
/// the agent never runs a program in its place.
/// </summary>
/// <param name="socketPath">EXEC_SOCKET.</param>
internal sealed class ServiceProgramRunner(string socketPath) : IProgramRunner
{
    private static readonly TimeSpan s_sendTimeout = TimeSpan.FromSeconds(5);

    /// <summary>After the agent has hung up, for the service to end the program and itself.</summary>
    private static readonly TimeSpan s_farewell = ProgramRunner.Grace + TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<Task> _running = [];

    /// <inheritdoc/>
    public async Task<ProgramEnd> RunAsync(IReadOnlyList<string> argv, IReadOnlyList<string> environment, TimeSpan timeout, CancellationToken cancel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stop.Token);
        Task<ProgramEnd> run;
        lock (_running)
        {
            either.Token.ThrowIfCancellationRequested();
            run = AskAsync(new ProgramRequest(argv, environment, timeout), either.Token);
            _running.Add(run);
        }

        try
        {
            return await run.ConfigureAwait(false);
        }
        finally
        {
            lock (_running)
                _running.Remove(run);
        }
    }

    /// <summary>Hangs up, which ends the programs that run, and waits for their end, but no longer than that may take.</summary>
    public void Dispose()
    {
        Task[] running;
        lock (_running)
        {
            _stop.Cancel();
            running = [.. _running];
        }

        try
        {
            Task.WaitAll(running, s_farewell);
        }
        catch (AggregateException)
        {
            // They were told to end, and that they did is all that matters.
        }
    }

    private async Task<ProgramEnd> AskAsync(ProgramRequest request, CancellationToken cancel)
    {
        string program = request.Argv[0];
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await SendAsync(socket, request, cancel).ConfigureAwait(false);
        Task<byte[]?> answer = ProgramMessage.ReceiveAsync(socket, CancellationToken.None);
        try
        {
            return await answer.WaitAsync(cancel).ConfigureAwait(false) is { } message
                ? ProgramMessage.ReadAnswer(message)
                : throw Broken(program, "ended without an answer");
        }
        catch (OperationCanceledException)
        {
            await HangUpAsync(socket, answer).ConfigureAwait(false);
            throw;
        }
        catch (Exception fault) when (fault is SocketException or InvalidDataException)
        {
            throw Broken(program, $"broke off: {fault.Message}");
        }
    }

    private async Task SendAsync(Socket socket, ProgramRequest request, CancellationToken cancel)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(s_sendTimeout);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(socketPath), deadline.Token).ConfigureAwait(false);
            await ProgramMessage.SendAsync(socket, ProgramMessage.Request(request), deadline.Token).ConfigureAwait(false);
        }
        catch (SocketException fault)
        {
            throw new OutputException(
                $"{request.Argv[0]} is not run: nobody runs programs at EXEC_SOCKET={socketPath} ({ForeignText.OneLine(fault.Message)}); `systemctl start link-exec.socket`",
                inner: fault);
        }
        catch (OperationCanceledException) when (!cancel.IsCancellationRequested)
        {
            throw Broken(request.Argv[0], $"took no request within {s_sendTimeout.TotalSeconds:0} s");
        }
    }

    /// <summary>The service ends the program when it hears that nobody listens any more, and then its own side.</summary>
    private static async Task HangUpAsync(Socket socket, Task answer)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            await answer.WaitAsync(s_farewell).ConfigureAwait(false);
        }
        catch (Exception gone) when (gone is SocketException or TimeoutException or InvalidDataException)
        {
            // Its own deadline, and that of its unit, end it.
        }
    }

    private OutputException Broken(string program, string how) =>
        new($"{program} may not have run to its end: the service at EXEC_SOCKET={socketPath} {how}; `journalctl -u 'link-exec@*'`");
}
