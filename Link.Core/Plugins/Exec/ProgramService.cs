using System.Net.Sockets;
using Link.Core.Net.Linux;

namespace Link.Core.Plugins.Exec;

/// <summary>
/// The other end of <see cref="ServiceProgramRunner"/>: reads one request from a connection, runs the program if the administrator lets it, answers, and is
/// done. What may be run is this side's own knowledge, for whoever has taken over the agent could ask for anything.
/// </summary>
internal static class ProgramService
{
    private const int MaxTimeout = 300;
    private static readonly TimeSpan s_requestDeadline = TimeSpan.FromSeconds(5);

    /// <param name="connection">To the agent; accepted on a socket file that belongs to the agent's user.</param>
    /// <param name="directories">EXEC_DIRECTORIES.</param>
    /// <param name="variables">EXEC_ENVIRONMENT_ALLOW.</param>
    /// <returns>Null, or why nobody was answered.</returns>
    public static async Task<string?> ServeAsync(Socket connection, IReadOnlyList<string> directories, ProgramVariables variables)
    {
        try
        {
            if (UnixConnection.PeerFault(connection) is { } stranger)
                return stranger;
            ProgramRequest request;
            using (var deadline = new CancellationTokenSource(s_requestDeadline))
            {
                if (await ProgramMessage.ReceiveAsync(connection, deadline.Token).ConfigureAwait(false) is not { } message)
                    return null;
                request = ProgramMessage.ReadRequest(message);
            }

            byte[]? answer = await RunAsync(connection, request, directories, variables).ConfigureAwait(false);
            if (answer != null)
            {
                using var deadline = new CancellationTokenSource(s_requestDeadline);
                await ProgramMessage.SendAsync(connection, answer, deadline.Token).ConfigureAwait(false);
            }

            return null;
        }
        catch (Exception fault) when (fault is SocketException or InvalidDataException or OperationCanceledException)
        {
            return fault.Message;
        }
    }

    /// <returns>The answer; null: nobody waits for it any more.</returns>
    private static async Task<byte[]?> RunAsync(Socket connection, ProgramRequest request, IReadOnlyList<string> directories, ProgramVariables variables)
    {
        if (Fault(request, directories, variables) is { } fault)
            return ProgramMessage.Refused(fault);
        using var gone = new CancellationTokenSource();
        Task watch = WatchAsync(connection, gone);
        using var runner = new ProgramRunner();
        try
        {
            return ProgramMessage.Ended(await runner.RunAsync(request.Argv, request.Environment, request.Timeout, gone.Token).ConfigureAwait(false));
        }
        catch (KernelException refused)
        {
            return ProgramMessage.NotStarted(refused.Error);
        }
        catch (OperationCanceledException)
        {
            return null;
        }
        finally
        {
            connection.Shutdown(SocketShutdown.Receive);
            await watch.ConfigureAwait(false);
        }
    }

    private static string? Fault(ProgramRequest request, IReadOnlyList<string> directories, ProgramVariables variables)
    {
        if (request.Argv.Count == 0 || request.Argv.Any(static word => word.Contains('\0')) || ExecConfig.PathFault(request.Argv[0]) != null)
            return "the request names no program by its absolute path";
        if (request.Timeout <= TimeSpan.Zero || request.Timeout > TimeSpan.FromSeconds(MaxTimeout))
            return $"{request.Argv[0]} may not be run for {request.Timeout.TotalSeconds:0} s";
        if (request.Environment.FirstOrDefault(variable => !variables.AllowsInAll(variable)) is { } foreign)
            return $"{request.Argv[0]} may not be run: {ForeignText.OneLine(foreign.Split('=')[0])} is not a variable that its environment may have: {variables}";
        return ProgramPath.Fault(request.Argv[0], directories);
    }

    /// <summary>The agent sends nothing behind its request; the end of what it sends means that it does not want the program any more.</summary>
    private static async Task WatchAsync(Socket connection, CancellationTokenSource gone)
    {
        try
        {
            await connection.ReceiveAsync(new byte[1].AsMemory()).ConfigureAwait(false);
        }
        catch (SocketException)
        {
            // Gone as well.
        }

        gone.Cancel();
    }
}
