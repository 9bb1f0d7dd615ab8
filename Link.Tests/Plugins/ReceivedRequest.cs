namespace Link.Tests.Plugins;

/// <summary>A request as a <see cref="WebReceiver"/> got it.</summary>
internal sealed record ReceivedRequest(string Method, string Target, IReadOnlyDictionary<string, string> Headers, string Body);
