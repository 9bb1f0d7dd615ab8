namespace Link.Core.Api;

/// <summary>There is no memory for a request now; it may come again. Answered with 503 and Retry-After.</summary>
internal sealed class ApiBusyException(string message) : Exception(message);
