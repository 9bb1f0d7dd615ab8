using Link.Core.Net.Linux;

namespace Link.Core.Plugins.Exec;

/// <summary>
/// Runs programs, each with a thread of its own that reads its output, keeps its deadline and ends its process group. A run is over when the program
/// is gone: a call that waits for it never overlaps with it.
/// </summary>
internal sealed class ProgramRunner : IDisposable
{
    /// <summary>Between SIGTERM and SIGKILL.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private const int StackBytes = 256 * 1024;

    private readonly CancellationTokenSource _stop = new();
    private readonly HashSet<Task> _running = [];

    /// <param name="argv">With the program's name first.</param>
    /// <param name="environment">All of it, as NAME=value.</param>
    /// <param name="cancel">Ends the program; the task ends when it is gone.</param>
    /// <exception cref="KernelException">It cannot be started.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    public async Task<ProgramEnd> RunAsync(string path, IReadOnlyList<string> argv, IReadOnlyList<string> environment, TimeSpan timeout, CancellationToken cancel)
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
            new Thread(() => Run(done, path, argv, environment, timeout, either.Token), StackBytes) { IsBackground = true, Name = "exec" }.Start();
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
        TaskCompletionSource<ProgramEnd> done, string path, IReadOnlyList<string> argv, IReadOnlyList<string> environment, TimeSpan timeout, CancellationToken cancel)
    {
        try
        {
            done.SetResult(ProgramRun.Run(path, argv, environment, timeout, Grace, cancel));
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
