using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace Link.Tests.Support;

/// <summary>
/// Notes the exceptions that code of one type raises, caught or not. The text of an exception's stack costs a process that is compiled ahead of time
/// 3 MiB for good.
/// </summary>
internal sealed class RaisedExceptions : IDisposable
{
    private readonly string _type;
    private readonly ConcurrentQueue<Exception> _raised = new();

    internal RaisedExceptions(string type)
    {
        _type = type;
        AppDomain.CurrentDomain.FirstChanceException += Note;
    }

    internal IReadOnlyCollection<Exception> All => _raised;

    public void Dispose() => AppDomain.CurrentDomain.FirstChanceException -= Note;

    private void Note(object? sender, FirstChanceExceptionEventArgs e)
    {
        // Other tests run beside this one.
        if (Environment.StackTrace.Contains($".{_type}.", StringComparison.Ordinal))
            _raised.Enqueue(e.Exception);
    }
}
