namespace Link.Core.Api.Access;

/// <summary>Who sends a request, once let in.</summary>
/// <param name="Name">For messages: <c>user bob</c>.</param>
/// <param name="Role">What they may do.</param>
/// <param name="Advice">How they can do more, if there is a way.</param>
internal sealed record Caller(string Name, Role Role, string? Advice = null);
