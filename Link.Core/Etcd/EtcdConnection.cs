using System.Buffers;
using System.Net;
using System.Net.Sockets;
using Google.Protobuf;

namespace Link.Core.Etcd;

/// <summary>
/// One HTTP/2 connection to one member, from its first call to its end; it is not made anew. Closing it fails everything that runs on it
/// at once, also when the member is silent.
/// </summary>
internal sealed class EtcdConnection : IDisposable
{
    /// <summary>etcd ends connections that ping more often than each 5 s (--grpc-keepalive-min-time).</summary>
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(5);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _connectTimeout;
    private readonly HttpMessageInvoker _invoker;
    private Socket? _socket;
    private string? _closeReason;
    private string? _distrust;
    private bool _lacksCertificate;
    private bool _hasAnswered;
    private bool _connecting;
    private SocketError? _connectError;

    /// <exception cref="EtcdException">Kind Certificate.</exception>
    public EtcdConnection(Uri endpoint, TlsFiles tls, TimeSpan connectTimeout, TimeProvider time)
    {
        Endpoint = endpoint;
        Name = EtcdOptions.NameOf(endpoint);
        _time = time;
        _connectTimeout = connectTimeout;
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            EnableMultipleHttp2Connections = false,
            ConnectTimeout = connectTimeout,
            PooledConnectionLifetime = Timeout.InfiniteTimeSpan,
            PooledConnectionIdleTimeout = Timeout.InfiniteTimeSpan,
            ActivityHeadersPropagator = null,
            KeepAlivePingDelay = PingDelay,
            KeepAlivePingTimeout = PingTimeout,
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            InitialHttp2StreamWindowSize = 1 << 20,
            ConnectCallback = ConnectAsync,
        };
        if (endpoint.Scheme == Uri.UriSchemeHttps)
            handler.SslOptions = tls.CreateOptions(Name, distrust => _distrust = distrust, () => _lacksCertificate = true);
        _invoker = new HttpMessageInvoker(handler);
    }

    public Uri Endpoint { get; }

    /// <summary>scheme://host:port.</summary>
    public string Name { get; }

    public TimeProvider Time => _time;

    /// <summary>Both ends; null: it is not connected.</summary>
    public (IPAddress Local, IPAddress Remote)? Ends
    {
        get
        {
            Socket? socket;
            lock (_gate)
                socket = _socket;
            try
            {
                return socket is { Connected: true, LocalEndPoint: IPEndPoint local, RemoteEndPoint: IPEndPoint remote } ? (local.Address, remote.Address) : null;
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                return null;
            }
        }
    }

    /// <summary>A simple call.</summary>
    /// <exception cref="EtcdException">Any failure, the deadline included.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was raised.</exception>
    public async Task<TResponse> CallAsync<TResponse>(Rpc<TResponse> rpc, IMessage request, string? token, TimeSpan timeout, CancellationToken cancel)
        where TResponse : IMessage<TResponse>
    {
        using var deadline = new CancellationTokenSource(timeout, _time);
        using CancellationTokenRegistration forward = cancel.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), deadline);
        int size = GrpcFrame.SizeOf(request);
        // Not from the pool: a cancelled send may still read it.
        var frame = new byte[size];
        GrpcFrame.Write(request, frame);
        var content = new GrpcContent(frame);
        try
        {
            using HttpRequestMessage message = CreateMessage(rpc.Path, content, token, rpc.NeedsLeader);
            using HttpResponseMessage response = await _invoker.SendAsync(message, deadline.Token).ConfigureAwait(false);
            ThrowIfRefused(response);
            Stream body = await response.Content.ReadAsStreamAsync(deadline.Token).ConfigureAwait(false);
            TResponse? result = await ReadAsync(rpc.Parser, body, deadline.Token).ConfigureAwait(false);
            if (!GrpcStatus.TryRead(response.TrailingHeaders, out GrpcStatus status))
                throw new EtcdException(EtcdFailure.Unavailable, Name, "the answer ended without a status", maybeApplied: true);
            if (status.Code != 0)
                throw status.ToException(Name);
            if (result is null)
                throw new EtcdException(EtcdFailure.Unknown, Name, "the answer is empty", maybeApplied: true);
            return AnswerShape.Fault(request, result) is { } wrong ? throw new EtcdException(EtcdFailure.Unknown, Name, wrong, maybeApplied: true) : result;
        }
        catch (Exception fault) when (fault is not EtcdException)
        {
            cancel.ThrowIfCancellationRequested();
            if (fault is OperationCanceledException && deadline.IsCancellationRequested)
                throw new EtcdException(EtcdFailure.Timeout, Name, $"no answer within {TransportFault.Text(timeout)}", content.WasSent);
            throw Explain(fault, content.WasSent);
        }
    }

    /// <summary>Opens a stream in both directions. Its answer's headers may come only after the first message, so they are not awaited.</summary>
    /// <exception cref="EtcdException">Any failure, the deadline included.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was raised.</exception>
    public async Task<GrpcStream> OpenAsync(string path, string? token, TimeSpan timeout, CancellationToken cancel)
    {
        var content = new GrpcDuplexContent();
        HttpRequestMessage message = CreateMessage(path, content, token, needsLeader: true);
        var stop = new CancellationTokenSource();
        Task<HttpResponseMessage> response = _invoker.SendAsync(message, stop.Token);
        var stream = new GrpcStream(this, content, message, response, stop);
        try
        {
            Task first = await Task.WhenAny(content.Opened, response).WaitAsync(timeout, _time, cancel).ConfigureAwait(false);
            await first.ConfigureAwait(false);
            await stream.StartAsync().ConfigureAwait(false);
            return stream;
        }
        catch (Exception fault)
        {
            stream.Dispose();
            if (fault is EtcdException)
                throw;
            cancel.ThrowIfCancellationRequested();
            if (fault is TimeoutException)
                throw new EtcdException(EtcdFailure.Timeout, Name, $"no stream within {TransportFault.Text(timeout)}");
            throw Explain(fault, maybeApplied: false);
        }
    }

    /// <summary>Fails everything that runs on the connection. The reason goes into those failures.</summary>
    public void Close(string reason)
    {
        lock (_gate)
        {
            if (_closeReason is not null)
                return;
            _closeReason = reason;
            _socket?.Dispose();
        }
        _invoker.Dispose();
    }

    public void Dispose() => Close("the client was closed");

    /// <summary>Puts a failure of the transport into the operator's words.</summary>
    public EtcdException Explain(Exception fault, bool maybeApplied)
    {
        if (_distrust is { } distrust)
            return new EtcdException(EtcdFailure.Certificate, Name, distrust);
        if (_lacksCertificate && !_hasAnswered)
            return new EtcdException(EtcdFailure.Certificate, Name, "the member wants a client certificate: set ETCD_TLS_CERT and ETCD_TLS_KEY", maybeApplied);
        if (TransportFault.IsRefusedCertificate(fault))
            return new EtcdException(EtcdFailure.Certificate, Name, $"the member refuses the client's certificate: {fault.GetBaseException().Message}");
        if (_closeReason is { } reason)
            return new EtcdException(EtcdFailure.Unavailable, Name, $"connection given up: {reason}", maybeApplied);
        return new EtcdException(
            TransportFault.IsHandshake(fault) ? EtcdFailure.Certificate : EtcdFailure.Unavailable, Name, Reason(fault), maybeApplied);
    }

    private string Reason(Exception fault)
    {
        string reason = TransportFault.Describe(fault, _connectTimeout);
        return reason == TransportFault.Closed && !_hasAnswered ? $"{reason} before any answer: check the port, and whether it wants http or https" : reason;
    }

    /// <exception cref="EtcdException">The answer is no gRPC, or a status without a message.</exception>
    public void ThrowIfRefused(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK)
            throw new EtcdException(EtcdFailure.Unavailable, Name, $"not an etcd member: HTTP status {(int)response.StatusCode}");
        _hasAnswered = true;
        // A failure without any message comes as headers alone.
        if (GrpcStatus.TryRead(response.Headers, out GrpcStatus status) && status.Code != 0)
            throw status.ToException(Name);
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancel)
    {
        lock (_gate)
        {
            if (_connecting)
                throw _connectError is { } error ? new SocketException((int)error) : new IOException(TransportFault.Closed);
            _connecting = true;
        }
        bool literal = IPAddress.TryParse(context.DnsEndPoint.Host, out IPAddress? address);
        Socket socket = literal ? new Socket(address!.AddressFamily, SocketType.Stream, ProtocolType.Tcp) : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.NoDelay = true;
            lock (_gate)
            {
                ObjectDisposedException.ThrowIf(_closeReason is not null, this);
                _socket = socket;
            }
            if (literal)
                await socket.ConnectAsync(new IPEndPoint(address!, context.DnsEndPoint.Port), cancel).ConfigureAwait(false);
            else
                await socket.ConnectAsync(context.DnsEndPoint, cancel).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (Exception fault)
        {
            // Of all requests that wait for the connection, HTTP tells only one why there is none.
            lock (_gate)
                _connectError = (fault as SocketException)?.SocketErrorCode;
            socket.Dispose();
            throw;
        }
    }

    private HttpRequestMessage CreateMessage(string path, HttpContent content, string? token, bool needsLeader)
    {
        var message = new HttpRequestMessage(HttpMethod.Post, new Uri(Endpoint, path))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        message.Headers.TryAddWithoutValidation("te", "trailers");
        if (needsLeader)
            message.Headers.TryAddWithoutValidation("hasleader", "true");
        if (token is not null)
            message.Headers.TryAddWithoutValidation("token", token);
        return message;
    }

    private static async Task<TResponse?> ReadAsync<TResponse>(MessageParser<TResponse> parser, Stream body, CancellationToken cancel)
        where TResponse : IMessage<TResponse>
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1024);
        try
        {
            int got = await body.ReadAtLeastAsync(buffer, GrpcFrame.HeaderSize, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
            if (got == 0)
                return default;
            if (got < GrpcFrame.HeaderSize)
                throw new InvalidDataException("the answer is cut short");
            int end = GrpcFrame.HeaderSize + GrpcFrame.ReadLength(buffer);
            while (got < end)
            {
                // What is announced need not come: the buffer grows by what has.
                if (got == buffer.Length)
                {
                    byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Min(end, 2 * got));
                    buffer.AsSpan(0, got).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }

                int read = await body.ReadAsync(buffer.AsMemory(got, Math.Min(end, buffer.Length) - got), cancel).ConfigureAwait(false);
                if (read == 0)
                    break;
                got += read;
            }

            if (got != end)
                throw new InvalidDataException("the answer is cut short, or followed by another");
            TResponse result = parser.ParseFrom(buffer.AsSpan(GrpcFrame.HeaderSize, end - GrpcFrame.HeaderSize));
            // The trailers with the status come with the end.
            if (await body.ReadAsync(buffer.AsMemory(0, 1), cancel).ConfigureAwait(false) != 0)
                throw new InvalidDataException("the answer is followed by another");
            return result;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
