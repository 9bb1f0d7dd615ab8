namespace Link.Core.Net;

/// <summary>An address that the kernel chose as the source of what this host sends.</summary>
/// <param name="For">Where to: <c>etcd</c>, <c>its gateway</c>.</param>
internal readonly record struct OwnSource(HostAddress Address, string For);
