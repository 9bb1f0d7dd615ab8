namespace Link.Core.Agent;

/// <summary>What came of reading the environment.</summary>
/// <param name="Options">Null when there are faults.</param>
/// <param name="Faults">All that is wrong, one line each: <c>VARIABLE="value": what is wrong; what it accepts</c>. Never a secret.</param>
/// <param name="Warnings">What works but should be changed, one line each.</param>
internal sealed record AgentOptionsResult(AgentOptions? Options, IReadOnlyList<string> Faults, IReadOnlyList<string> Warnings);
