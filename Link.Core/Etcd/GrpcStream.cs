using Google.Protobuf;

namespace Link.Core.Etcd;

/// <summary>A stream of messages in both directions. Any number may write, one reads. It ends for good with its first failure.</summary>
internal sealed class GrpcStream : IDisposable
{
    private readonly GrpcDuplexContent _content;
    private readonly HttpRequestMessage _request;
    private readonly Task<HttpResponseMessage> _response;
    private readonly CancellationTokenSource _stop;
    private readonly SemaphoreSlim _writing = new(1);
    private byte[] _frame = new byte[64];
    private byte[] _buffer = new byte[512];
    private int _start;
    private int _end;
    private Stream? _output;
    private Stream? _input;
    private int _disposed;

    public GrpcStream(
        EtcdConnection connection, GrpcDuplexContent content, HttpRequestMessage request, Task<HttpResponseMessage> response, CancellationTokenSource stop)
    {
        Connection = connection;
        OpenedAt = connection.Time.GetTimestamp();
        _content = content;
        _request = request;
        _response = response;
        _stop = stop;
    }

    public EtcdConnection Connection { get; }

    /// <summary>Timestamp.</summary>
    public long OpenedAt { get; }

    /// <summary>Takes the body's stream, which must be open.</summary>
    /// <exception cref="EtcdException">The member refused the stream.</exception>
    public async Task StartAsync()
    {
        if (!_content.Opened.IsCompletedSuccessfully)
        {
            Connection.ThrowIfRefused(await _response.ConfigureAwait(false));
            throw new EtcdException(EtcdFailure.Unavailable, Connection.Name, "the stream ended at once");
        }
        _output = await _content.Opened.ConfigureAwait(false);
    }

    /// <exception cref="EtcdException">The stream is broken.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was raised.</exception>
    public async Task WriteAsync(IMessage message, CancellationToken cancel)
    {
        await _writing.WaitAsync(cancel).ConfigureAwait(false);
        try
        {
            int size = GrpcFrame.SizeOf(message);
            if (size > _frame.Length)
                _frame = new byte[size];
            GrpcFrame.Write(message, _frame.AsSpan(0, size));
            await _output!.WriteAsync(_frame.AsMemory(0, size), cancel).ConfigureAwait(false);
            await _output.FlushAsync(cancel).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is not EtcdException)
        {
            cancel.ThrowIfCancellationRequested();
            throw Explain(fault);
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>The next message. There is always one or an exception: etcd ends a stream only with an error.</summary>
    /// <exception cref="EtcdException">The stream is broken, or the member ended it.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was raised; the stream is of no more use.</exception>
    public async Task<TMessage> ReadAsync<TMessage>(MessageParser<TMessage> parser, CancellationToken cancel)
        where TMessage : IMessage<TMessage>
    {
        try
        {
            if (_input is null)
            {
                HttpResponseMessage response = await _response.WaitAsync(cancel).ConfigureAwait(false);
                Connection.ThrowIfRefused(response);
                _input = await response.Content.ReadAsStreamAsync(cancel).ConfigureAwait(false);
            }
            await FillAsync(GrpcFrame.HeaderSize, cancel).ConfigureAwait(false);
            int length = GrpcFrame.ReadLength(_buffer.AsSpan(_start));
            await FillAsync(GrpcFrame.HeaderSize + length, cancel).ConfigureAwait(false);
            TMessage message = parser.ParseFrom(_buffer.AsSpan(_start + GrpcFrame.HeaderSize, length));
            _start += GrpcFrame.HeaderSize + length;
            return message;
        }
        catch (Exception fault) when (fault is not EtcdException)
        {
            cancel.ThrowIfCancellationRequested();
            throw Explain(fault);
        }
    }

    /// <summary>Resets the stream. Reads and writes in progress fail.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _content.Finish();
        _stop.Cancel();
        _ = DisposeResponseAsync();
    }

    private EtcdException Explain(Exception fault) => _disposed != 0
        ? new EtcdException(EtcdFailure.Unavailable, Connection.Name, "the stream was given up")
        : Connection.Explain(fault, maybeApplied: true);

    /// <summary>Reads until <paramref name="count"/> bytes are in the buffer.</summary>
    private async ValueTask FillAsync(int count, CancellationToken cancel)
    {
        while (_end - _start < count)
        {
            if (_end == _buffer.Length)
                MakeRoom(count);
            int read = await _input!.ReadAsync(_buffer.AsMemory(_end), cancel).ConfigureAwait(false);
            if (read == 0)
            {
                HttpResponseMessage response = await _response.ConfigureAwait(false);
                throw GrpcStatus.TryRead(response.TrailingHeaders, out GrpcStatus status) && status.Code != 0
                    ? status.ToException(Connection.Name)
                    : new EtcdException(EtcdFailure.Unavailable, Connection.Name, "the stream was ended by the member");
            }
            _end += read;
        }
    }

    /// <summary>What is announced need not come: the buffer grows by what has.</summary>
    private void MakeRoom(int count)
    {
        int got = _end - _start;
        byte[] target = got < _buffer.Length ? _buffer : new byte[Math.Min(Math.Max(count, _buffer.Length), 2 * _buffer.Length)];
        _buffer.AsSpan(_start, got).CopyTo(target);
        (_buffer, _end, _start) = (target, got, 0);
    }

    private async Task DisposeResponseAsync()
    {
        try
        {
            using HttpResponseMessage response = await _response.ConfigureAwait(false);
        }
        catch (Exception)
        {
            // Whoever reads or writes was told; here the failure only has to be seen.
        }
        _request.Dispose();
    }
}
