namespace Link.Core.Net;

/// <summary>A gateway of this host.</summary>
/// <param name="InterfaceIndex">The interface behind which it is; 0 if the route does not say.</param>
/// <param name="IsDefault">The route by it leads everywhere.</param>
/// <param name="Source">The source that the route prescribes; null: none.</param>
internal readonly record struct NextHop(HostAddress Address, int InterfaceIndex, bool IsDefault, HostAddress? Source = null);
