using System.Text.Json;

namespace Link.Core.Api;

/// <summary>The answer of <c>GET /health</c>, typed and unchanged.</summary>
internal sealed record HealthAnswer(AgentSnapshot Agent, JsonElement Json);
