namespace Link.Core.Net.Linux;

/// <summary>Whose a TCP socket of this host is.</summary>
/// <param name="Error">0, or the errno for which it is not known. ENOENT: there is no such socket (any more), or the kernel lacks tcp_diag.</param>
/// <param name="Uid">The user that made the socket; means nothing with an error.</param>
internal readonly record struct TcpOwner(int Error, uint Uid);
