using System.Net;
using Link.Core.Api.Access;

namespace Link.Core.Api;

/// <summary>What the HTTP API listens on and whom it lets in.</summary>
internal sealed record ApiOptions
{
    /// <summary>The agent's version, as <c>GET /version</c> tells it.</summary>
    public required string Version { get; init; }

    /// <summary>TCP addresses to listen on; empty: every address, IPv6 and IPv4.</summary>
    public IReadOnlyList<IPAddress> Addresses { get; init; } = [];

    /// <summary>PORT. 0: any free port.</summary>
    public int Port { get; init; } = 1313;

    /// <summary>Unix socket for clients on this host; null: none.</summary>
    public string? SocketPath { get; init; }

    /// <summary>USER. Null and the empty text are the same.</summary>
    public string? User { get; init; }

    /// <summary>PASSWORD. Without one and without <see cref="UsersFile"/>, no credentials are asked.</summary>
    public string? Password { get; init; }

    /// <summary>API_USERS_FILE: users with roles; null: none.</summary>
    public string? UsersFile { get; init; }

    /// <summary>API_TLS_CERT: PEM file; null: TCP without TLS. Goes with <see cref="KeyFile"/>.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>API_TLS_KEY: PEM file.</summary>
    public string? KeyFile { get; init; }

    /// <summary>API_TLS_CLIENT_CA: PEM file with the authorities, one of which must have signed a client's certificate; null: clients need none.</summary>
    public string? ClientCaFile { get; init; }

    /// <summary>LOOPBACK: what this host's users may do over TCP where no credentials are asked.</summary>
    public LoopbackPolicy Loopback { get; init; }

    /// <summary>How long a client may take for the TLS handshake.</summary>
    public TimeSpan HandshakeDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Connections at a time over TCP. The Unix socket has its own <see cref="MaxSocketConnections"/>, so that a crowd on TCP does not shut the operator out.</summary>
    public int MaxConnections { get; init; } = 128;

    /// <summary>The same with TLS, where each takes more memory, much of it OpenSSL's.</summary>
    public int MaxTlsConnections { get; init; } = 64;

    public int MaxSocketConnections { get; init; } = 64;

    /// <summary>The part of the TCP connections, and of <see cref="RequestBytes"/>, that one source may have: one in so many.</summary>
    public int ShareOfOneSource { get; init; } = 4;

    /// <summary>Bytes of a connection that wait to be read by us, and those that wait to be read by the client, each.</summary>
    public int ConnectionBufferBytes { get; init; } = 16 * 1024;

    /// <summary>Bytes of a request's head: its line and its headers.</summary>
    public int MaxHeadBytes { get; init; } = 8 * 1024;

    /// <summary>Memory of all bodies and lists under way over TCP, and as much over the Unix socket, in bytes.</summary>
    public long RequestBytes { get; init; } = 6 * 1024 * 1024;

    /// <summary>How long a request waits for its part of <see cref="RequestBytes"/> before it is refused.</summary>
    public TimeSpan BudgetPatience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Bytes of the managed heap above which requests are refused, far below its limit: whatever the API's guests have found to fill it with, elections go on.
    /// </summary>
    public long HeapCeilingBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>How long a connection may take until its first request is there, the TLS handshake aside.</summary>
    public TimeSpan FirstRequestDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a body may take.</summary>
    public TimeSpan BodyDeadline { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a client may take to read an answer.</summary>
    public TimeSpan AnswerDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Commands under way at a time, those included whose clients are gone.</summary>
    public int MaxCommands { get; init; } = 256;

    /// <summary>Largest request body, in bytes.</summary>
    public int MaxBodyBytes { get; init; } = 64 * 1024;

    /// <summary>The same where it may hold certificates: an endpoint's configuration.</summary>
    public int MaxConfigBodyBytes { get; init; } = 256 * 1024;

    /// <summary>A question to the agent is answered from memory; one that takes longer says that the agent hangs.</summary>
    public TimeSpan ReadDeadline { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a client waits for a command. The command goes on.</summary>
    public TimeSpan CommandDeadline { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long a stop waits for requests under way.</summary>
    public TimeSpan StopDeadline { get; init; } = TimeSpan.FromSeconds(2);
}
