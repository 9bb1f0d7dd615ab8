namespace Link.Core.Api;

/// <summary>No answer came from an agent. The message says where it was asked for, and what happened.</summary>
internal sealed class ApiUnreachableException(string message, Exception? inner = null) : Exception(message, inner);
