namespace Link.Core.Plugins.Exec;

/// <param name="Number">The exit status, or the signal's number.</param>
/// <param name="Output">The last that it wrote.</param>
/// <param name="IsOutputCut">It wrote more before.</param>
internal sealed record ProgramEnd(ProgramEndKind Kind, int Number, byte[] Output, bool IsOutputCut);
