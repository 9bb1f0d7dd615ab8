namespace Link.Core.HealthChecks;

/// <summary>A verdict on an endpoint, or another reason for the same verdict.</summary>
/// <param name="Generation">What <see cref="HealthCheckRunner.Set"/> returned for the checks that were run. Whoever queues reports compares it when they are taken out.</param>
/// <param name="Reason">Why the last round failed; empty when it did not. A healthy endpoint has one while too few rounds have failed.</param>
internal sealed record HealthReport(string EndpointId, long Generation, bool Healthy, string Reason);
