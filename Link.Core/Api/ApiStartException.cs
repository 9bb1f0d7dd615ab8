namespace Link.Core.Api;

/// <summary>The API cannot listen. The message is one line for the operator.</summary>
internal sealed class ApiStartException(string message, Exception? inner = null) : Exception(message, inner);
