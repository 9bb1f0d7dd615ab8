namespace Link.Core.Api;

/// <summary>Somebody answers, but TLS with them does not come about. The message says where, why and what to do.</summary>
internal sealed class ApiUntrustedException(string message, Exception? inner = null) : Exception(message, inner);
