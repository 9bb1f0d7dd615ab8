using Link.Core.Net.Linux;

namespace Link.Core.Plugins.Exec;

/// <summary>
/// Runs programs itself, each with a thread of its own that reads its output, keeps its deadline and ends its process group.
/// </summary>
internal sealed class ProgramRunner : IProgramRunner
{
    /// <summary>Between SIGTERM and SIGKILL.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private const int StackBytes = 256 * 1024;

    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<Task> _running = [];

    /// <inheritdoc/>
    public async Task<ProgramEnd> RunAsync(IReadOnlyList<string> argv, IReadOnlyList<string> environment, TimeSpan timeout, CancellationToken cancel)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancel, _stop.Token);
        var done = new TaskCompletionSource<ProgramEnd>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_running)
        {
            either.Token.ThrowIfCancellationRequested();
            _running.Add(done.Task);
        }

        try
        {
            new Thread(() => Run(done, argv, environment, timeout, either.Token), StackBytes) { IsBackground = true, Name = "exec" }.Start();
            return await done.Task.ConfigureAwait(false);
        }
        finally
        {
            lock (_running)
                _running.Remove(done.Task);
        }
    }

    /// <summary>Ends the programs that run and waits for their end, but no longer than that may take.</summary>
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
            Task.WaitAll(running, Grace + TimeSpan.FromSeconds(2));
        }
        catch (AggregateException)
        {
            // They were told to end, and that they did is all that matters.
        }
    }

    private static void Run(
        TaskCompletionSource<ProgramEnd> done, IReadOnlyList<string> argv, IReadOnlyList<string> environment, TimeSpan timeout, CancellationToken cancel)
    {
        try
        {
            done.SetResult(ProgramRun.Run(argv, environment, timeout, Grace, cancel));
        }
        catch (OperationCanceledException)
        {
            done.SetCanceled(cancel);
        }
        catch (Exception fault)
        {
            done.SetException(fault);
        }
    }
}
