namespace Link.Core.Plugins.Exec;

/// <summary>What the agent asks the service of its programs to run.</summary>
/// <param name="Argv">The program's path first.</param>
/// <param name="Environment">All of it, as NAME=value.</param>
internal sealed record ProgramRequest(IReadOnlyList<string> Argv, IReadOnlyList<string> Environment, TimeSpan Timeout);
