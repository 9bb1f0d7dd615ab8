using System.Net;
using System.Net.Sockets;
using Link.Core.Api.Access;
using Link.Core.Api.Limits;
using Link.Core.Api.Tls;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace Link.Core.Api;

/// <summary>The HTTP API of one agent: Kestrel, put together by hand, on TCP and on a Unix socket. Started once, stopped once.</summary>
internal sealed class ApiServer : IAsyncDisposable
{
    private readonly ApiOptions _options;
    private readonly TimeProvider _time;
    private readonly Action<string, Exception?> _log;
    private readonly ApiFiles _files;
    private readonly ApiApplication _application;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<EndPoint, Socket> _sockets = [];
    private KestrelServer? _server;
    private SocketConnectionContextFactory? _contexts;
    private string? _socketPath;

    /// <param name="options">What to listen on.</param>
    /// <param name="agent">Whom the routes ask.</param>
    /// <param name="time">For lock-outs, expiry and when to look at files again.</param>
    /// <param name="log">Takes one line, and the exception where there is one.</param>
    public ApiServer(ApiOptions options, IAgentControl agent, TimeProvider time, Action<string, Exception?> log)
    {
        _options = options;
        _time = time;
        _log = log;
        _files = new ApiFiles(options, time, log);
        SoleUser? sole = string.IsNullOrEmpty(options.Password) ? null : new SoleUser(options.User ?? "", options.Password);
        _application = new ApiApplication(options, new Gate(sole, _files.Users, LocalClients.For(options, log), time, log), new ApiRoutes(options, agent, log, _stopping.Token), log);
    }

    /// <summary>The TCP addresses and ports in use, once started.</summary>
    public IReadOnlyList<IPEndPoint> Listening { get; private set; } = [];

    /// <summary>The Unix socket in use, once started; null: none.</summary>
    public string? ListeningSocket => _socketPath;

    /// <exception cref="ApiStartException">The port cannot be had, or a file of <see cref="ApiFiles"/> cannot be used. A Unix socket that cannot be had is said in the log only.</exception>
    public async Task StartAsync(CancellationToken cancel)
    {
        try
        {
            if (_files.Refresh() is [_, ..] faults)
            {
                throw new ApiStartException(string.Join("; ", faults));
            }

            BindTcp();
            BindUnix();
            _server = Build();
            await _server.StartAsync(_application, cancel);
        }
        catch
        {
            await DisposeAsync();
            throw;
        }
    }

    /// <summary>Reads the certificates and the users again, without waiting for a client. False: the log says which file cannot be used; what was read before stays.</summary>
    public bool ReloadFiles() => _files.Refresh().Count == 0;

    /// <summary>The agent stops: commands under way, and those that still come, are answered with 503.</summary>
    public void EndCommands() => _ = _stopping.CancelAsync();

    /// <summary>Takes no more requests, waits a moment for those under way, and removes the Unix socket.</summary>
    public async Task StopAsync()
    {
        if (_server is { } server)
        {
            _server = null;
            using CancellationTokenSource deadline = new(_options.StopDeadline);
            await server.StopAsync(deadline.Token);
            server.Dispose();
        }

        _contexts?.Dispose();
        _contexts = null;
        await _stopping.CancelAsync();
        foreach (Socket socket in _sockets.Values)
        {
            socket.Dispose();
        }

        _sockets.Clear();
        if (_socketPath is { } path)
        {
            _socketPath = null;
            UnixSocketFile.Remove(path);
        }
    }

    public async ValueTask DisposeAsync() => await StopAsync();

    private void BindTcp()
    {
        if (_options.Addresses.Count == 0)
        {
            // A host without IPv6 has no [::].
            Add(TryBind(new IPEndPoint(IPAddress.IPv6Any, _options.Port)) ?? Bind(new IPEndPoint(IPAddress.Any, _options.Port)));
        }

        foreach (IPAddress address in _options.Addresses)
        {
            Add(Bind(new IPEndPoint(address, _options.Port)));
        }

        Listening = [.. _sockets.Keys.OfType<IPEndPoint>()];
    }

    private void Add(Socket socket) => _sockets.Add(socket.LocalEndPoint!, socket);

    private static Socket? TryBind(IPEndPoint local)
    {
        try
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(local);
        }
        catch (SocketException fault) when (fault.SocketErrorCode is SocketError.AddressFamilyNotSupported or SocketError.AddressNotAvailable)
        {
            return null;
        }
        catch (SocketException fault)
        {
            throw Explain(local, fault);
        }
    }

    private static Socket Bind(IPEndPoint local)
    {
        try
        {
            return SocketTransportOptions.CreateDefaultBoundListenSocket(local);
        }
        catch (SocketException fault)
        {
            throw Explain(local, fault);
        }
    }

    private static ApiStartException Explain(IPEndPoint local, SocketException fault) => new(
        fault.SocketErrorCode switch
        {
            SocketError.AddressAlreadyInUse => $"port {local.Port} on {local.Address} is in use: set PORT",
            SocketError.AccessDenied => $"port {local.Port} on {local.Address} is not permitted: set PORT to 1024 or more, or give CAP_NET_BIND_SERVICE",
            SocketError.AddressNotAvailable => $"address {local.Address} is not on this host",
            _ => $"cannot listen on {local}: {fault.Message}",
        },
        fault);

    private void BindUnix()
    {
        if (_options.SocketPath is not { } path)
        {
            return;
        }

        (Socket? socket, string? reason) = UnixSocketFile.Bind(path);
        if (socket is null)
        {
            _log($"api: no Unix socket: {reason}; clients reach the agent over TCP only", null);
            return;
        }

        _sockets.Add(new UnixDomainSocketEndPoint(path), socket);
        _socketPath = path;
    }

    private KestrelServer Build()
    {
        KestrelServerOptions kestrel = new() { ApplicationServices = new NoServices(), AddServerHeader = false };
        kestrel.Limits.MaxRequestBodySize = _options.MaxBodyBytes;
        kestrel.Limits.MaxRequestHeaderCount = 64;
        kestrel.Limits.MaxRequestHeadersTotalSize = _options.MaxHeadBytes;
        kestrel.Limits.MaxRequestLineSize = 4 * 1024;
        kestrel.Limits.MaxRequestBufferSize = _options.ConnectionBufferBytes;
        kestrel.Limits.MaxResponseBufferSize = _options.ConnectionBufferBytes;
        kestrel.Limits.RequestHeadersTimeout = _options.FirstRequestDeadline;
        kestrel.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(60);
        kestrel.Limits.MinRequestBodyDataRate = new MinDataRate(1024, TimeSpan.FromSeconds(5));
        kestrel.Limits.MinResponseDataRate = new MinDataRate(4096, TimeSpan.FromSeconds(5));

        bool hasTls = _files.Certificate is not null;
        int most = hasTls ? Math.Min(_options.MaxTlsConnections, _options.MaxConnections) : _options.MaxConnections;
        TimeSpan first = hasTls ? _options.FirstRequestDeadline + _options.HandshakeDeadline : _options.FirstRequestDeadline;
        ConnectionTable tcp = new(most, Math.Max(1, most / _options.ShareOfOneSource), first, _time, line => _log(line, null));
        ConnectionTable unix = new(_options.MaxSocketConnections, _options.MaxSocketConnections, _options.FirstRequestDeadline, _time, line => _log(line, null));
        TlsGuard? tls = _files.Certificate is { } certificate ? new TlsGuard(certificate, _options.HandshakeDeadline) : null;
        foreach ((EndPoint local, Socket socket) in _sockets)
        {
            if (local is IPEndPoint address)
            {
                kestrel.Listen(address, listen => ServeTcp(listen, tcp, tls));
            }
            else
            {
                kestrel.ListenUnixSocket(_socketPath!, listen => ServeUnix(listen, unix, socket));
            }
        }

        SocketConnectionFactoryOptions buffers = new()
        {
            IOQueueCount = 1,
            MaxReadBufferSize = _options.ConnectionBufferBytes,
            MaxWriteBufferSize = _options.ConnectionBufferBytes,
        };
        _contexts = new SocketConnectionContextFactory(buffers, NullLogger.Instance);
        return new KestrelServer(Options.Create(kestrel), new ApiListenerFactory(_sockets, tcp, unix, _contexts), NullLoggerFactory.Instance);
    }

    private static void ServeTcp(ListenOptions listen, ConnectionTable connections, TlsGuard? tls)
    {
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(connections.Guard);
        listen.Use(next => connection =>
        {
            IPAddress source = ClientSource.Of((connection.RemoteEndPoint as IPEndPoint)?.Address);
            Socket socket = connection.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
            connection.Features.Set(new ConnectionOriginFeature(ConnectionOrigin.Tcp, source) { Socket = socket });
            return next(connection);
        });
        if (tls is not null)
        {
            listen.Use(tls.Guard);
        }
    }

    private static void ServeUnix(ListenOptions listen, ConnectionTable connections, Socket listener)
    {
        LocalAdmins admins = new();
        listen.Protocols = HttpProtocols.Http1;
        listen.Use(connections.Guard);
        listen.Use(next => connection =>
        {
            Socket socket = connection.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
            Caller? caller = admins.Find(socket, listener, out uint uid);
            connection.Features.Set(new ConnectionOriginFeature(ConnectionOrigin.UnixSocket, IPAddress.None, caller, uid));
            return next(connection);
        });
    }
}
