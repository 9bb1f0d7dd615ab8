namespace Link.Core.HealthChecks;

/// <summary>Outcome of one check.</summary>
/// <param name="Reason">Why it failed, such as <c>connect 10.0.0.9:80: connection refused</c>; empty when it passed. The same failure has the same text.</param>
internal readonly record struct CheckResult(bool Passed, string Reason)
{
    public static CheckResult Pass => new(true, "");

    public static CheckResult Fail(string reason) => new(false, reason);
}
