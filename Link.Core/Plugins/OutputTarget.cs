namespace Link.Core.Plugins;

/// <summary>Whose output it is.</summary>
internal sealed record OutputTarget(string EndpointId, string ElectionKey, string Hostname);
