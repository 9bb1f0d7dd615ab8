namespace Link.Core.HealthChecks;

/// <summary>Runs one check. Ends within the timeout, with a result, or when the token is cancelled.</summary>
internal delegate Task<CheckResult> CheckProbe(HealthCheck check, TimeSpan timeout, CancellationToken cancel);
