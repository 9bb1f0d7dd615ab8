namespace Link.Core.Net;

/// <summary>What the host needs an address for.</summary>
/// <param name="Text">What the address is: <c>the address of etcd member http://10.0.0.2:2379</c>.</param>
internal readonly record struct Need(NeedKind Kind, string Text);
