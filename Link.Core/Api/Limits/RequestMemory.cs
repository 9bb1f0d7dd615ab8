using System.Buffers;

namespace Link.Core.Api.Limits;

/// <summary>What one request takes of the memory that there is for all. Given back when the request, and a command that outlives it, are over.</summary>
/// <param name="budget">Of all requests.</param>
/// <param name="buffers">Used again and again: a flood of large bodies is no garbage.</param>
/// <param name="connection">Whose request it is.</param>
/// <param name="patience">How long to wait for others to give theirs back.</param>
internal sealed class RequestMemory(ByteBudget budget, ArrayPool<byte> buffers, ApiConnection connection, TimeSpan patience) : IDisposable
{
    private ByteLease? _lease;
    private byte[]? _buffer;
    private IDisposable? _kept;
    private bool _isSettled;

    /// <summary>Others need it more: stop waiting for the client. Never, as long as nothing was taken, and when it has sent its part.</summary>
    public CancellationToken Revoked => _lease is null || _isSettled ? CancellationToken.None : _lease.Revoked;

    /// <summary>The client has sent its part; the rest is the agent's.</summary>
    public void Settle()
    {
        _lease?.Settle();
        _isSettled = true;
        connection.Enter(ConnectionPhase.Busy);
    }

    /// <summary>Once a request.</summary>
    /// <param name="bytes">At the worst.</param>
    /// <param name="cancel">Ends the wait: the client is gone.</param>
    /// <exception cref="ApiBusyException">Others have it all.</exception>
    public async Task TakeAsync(long bytes, CancellationToken cancel)
    {
        if (_lease is not null)
        {
            throw new InvalidOperationException("A request takes its memory once.");
        }

        connection.Enter(ConnectionPhase.Transfer);
        _lease = await budget.TakeAsync(connection.Source, bytes, patience, cancel) ?? throw new ApiBusyException("other requests take all the memory that there is for them");
    }

    /// <summary>For a command that goes on without its request; null: nothing was taken.</summary>
    public ByteLease? Share() => _lease?.Share();

    /// <summary>A buffer of at least that many bytes, until the request is over. Once a request.</summary>
    public Memory<byte> Rent(int bytes) => _buffer = buffers.Rent(bytes);

    /// <summary>Disposed of when the request is over: what stands in the buffer. Once a request.</summary>
    public T Keep<T>(T kept)
        where T : IDisposable
    {
        _kept = kept;
        return kept;
    }

    public void Dispose()
    {
        _kept?.Dispose();
        if (_buffer is not null)
        {
            // It may hold secrets.
            buffers.Return(_buffer, clearArray: true);
        }

        _lease?.Dispose();
    }
}
