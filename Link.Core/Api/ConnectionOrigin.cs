namespace Link.Core.Api;

/// <summary>Which kind of listener a connection came by. Kestrel does not tell requests a Unix socket's local end.</summary>
internal enum ConnectionOrigin
{
    Tcp,
    UnixSocket,
}

/// <summary>Hangs the origin on a connection.</summary>
internal sealed record ConnectionOriginFeature(ConnectionOrigin Origin);
