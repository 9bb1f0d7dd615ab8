namespace Link.Core.Net;

/// <summary>The answer to a <see cref="LanQuestions"/> question.</summary>
/// <param name="Mac">Who answered or contends.</param>
/// <param name="Reason">Why the verdict is unknown.</param>
internal sealed record LanAnswer(HostAddress Address, LanVerdict Verdict, MacAddress? Mac = null, string? Reason = null);
