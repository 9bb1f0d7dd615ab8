namespace Link.Core.Plugins.Outscale;

/// <summary>An error of the API, as it says it; what it does not say is null.</summary>
/// <param name="Code">A number as text: <c>4078</c>. Says more than the type, which is AccessDenied for throttling too.</param>
/// <param name="RequestId">By which Outscale's support finds the request.</param>
internal readonly record struct OutscaleError(string? Code, string? Type, string? Details, string? RequestId);
