namespace Link.Core.Etcd;

/// <summary>The client turned from one member to another (or to a new connection to the same one).</summary>
internal sealed record EndpointChange(string From, string To, string Reason);
