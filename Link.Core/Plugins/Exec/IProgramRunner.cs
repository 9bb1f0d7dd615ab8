using Link.Core.Net.Linux;

namespace Link.Core.Plugins.Exec;

/// <summary>Runs programs. A run is over when the program is gone: a call that waits for it never overlaps with it.</summary>
internal interface IProgramRunner : IDisposable
{
    /// <param name="argv">The program's path first.</param>
    /// <param name="environment">All of it, as NAME=value.</param>
    /// <param name="cancel">Ends the program; the task ends when it is gone.</param>
    /// <exception cref="KernelException">It cannot be started.</exception>
    /// <exception cref="OutputException">It may not be run, or nobody is there to run it.</exception>
    /// <exception cref="OperationCanceledException">It was ended.</exception>
    Task<ProgramEnd> RunAsync(IReadOnlyList<string> argv, IReadOnlyList<string> environment, TimeSpan timeout, CancellationToken cancel);
}
