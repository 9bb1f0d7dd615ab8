namespace Link.Core.HealthChecks;

/// <summary>What the runner knows of an endpoint with checks. Replaced as a whole when the checks change. Guarded by the runner's lock.</summary>
internal sealed class CheckedEndpoint(string id, long generation, IReadOnlyList<HealthCheck> checks, TimeSpan interval)
{
    public string Id { get; } = id;

    public long Generation { get; } = generation;

    public IReadOnlyList<HealthCheck> Checks { get; } = checks;

    public TimeSpan Interval { get; } = interval;

    /// <summary>When the next round starts, on the runner's clock.</summary>
    public TimeSpan Due { get; set; }

    /// <summary>Cancels the round that is under way; null between rounds.</summary>
    public CancellationTokenSource? Round { get; set; }

    public RiseFall Verdict { get; set; }

    /// <summary>The reason in the last report.</summary>
    public string? Reported { get; set; }
}
