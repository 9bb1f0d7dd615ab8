using System.Text.Json.Nodes;

namespace Link.Tests.Bed;

/// <summary>An answer of an agent's HTTP API.</summary>
internal sealed record ApiAnswer(int Status, string Text)
{
    internal JsonNode Json => JsonNode.Parse(Text) ?? throw new InvalidDataException("the answer is null");

    /// <summary>The one line for the operator that every refusal has.</summary>
    internal string? Error => (string?)Json["error"];

    /// <exception cref="InvalidOperationException">With the agent's answer, if it has another status.</exception>
    internal ApiAnswer Expect(int status) => Status == status ? this : throw new InvalidOperationException($"the agent answered {Status}, not {status}: {Text}");
}
