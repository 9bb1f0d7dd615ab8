using System.Net;

namespace Link.Core.Api.Limits;

/// <summary>
/// Bytes out of a <see cref="ByteBudget"/>. They go back when the last of those who share it has disposed of it. As long as it waits for its client, the
/// budget may ask for it back.
/// </summary>
internal sealed class ByteLease(ByteBudget budget, IPAddress source, long bytes) : IDisposable
{
    private readonly CancellationTokenSource _revoked = new();
    private int _holders = 1;

    public IPAddress Source { get; } = source;

    public long Bytes { get; } = bytes;

    /// <summary>The budget's: it counts on these bytes coming back.</summary>
    internal bool IsRevoked { get; set; }

    /// <summary>Somebody who has less needs it: stop waiting for the client.</summary>
    public CancellationToken Revoked => _revoked.Token;

    /// <summary>The client has sent what was waited for: from now on it is not revoked.</summary>
    public void Settle() => budget.Settle(this);

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
            budget.Return(this);
        }
    }

    /// <summary>Not under the budget's lock: what hangs on it runs at once.</summary>
    internal void Revoke() => _revoked.Cancel();
}
