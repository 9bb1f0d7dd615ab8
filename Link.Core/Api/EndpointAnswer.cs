using System.Text.Json;

namespace Link.Core.Api;

/// <summary>An endpoint as an agent answered it.</summary>
/// <param name="Endpoint">Its fields. What an older agent does not tell is empty.</param>
/// <param name="Json">The object itself, unchanged.</param>
internal sealed record EndpointAnswer(EndpointSnapshot Endpoint, JsonElement Json);
