namespace Link.Core.Plugins;

/// <summary>An address that <see cref="OutboundRules"/> does not let plugins connect to.</summary>
/// <param name="message">Which, why, and what to do.</param>
internal sealed class OutboundRefusedException(string message) : Exception(message);
