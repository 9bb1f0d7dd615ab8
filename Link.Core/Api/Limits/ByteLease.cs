using System.Net;

namespace Link.Core.Api.Limits;

/// <summary>Bytes out of a <see cref="ByteBudget"/>. They go back when the last of those who share it has disposed of it.</summary>
internal sealed class ByteLease(ByteBudget budget, IPAddress source, long bytes) : IDisposable
{
    private int _holders = 1;

    /// <summary>One more has to dispose of it: a command that goes on when its request is over.</summary>
    public ByteLease Share()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    public void Dispose()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            budget.Return(source, bytes);
        }
    }
}
