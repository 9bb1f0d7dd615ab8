namespace Link.Core.HealthChecks;

/// <summary>How endpoints are checked.</summary>
internal sealed record HealthCheckOptions
{
    /// <summary>Time between two rounds of an endpoint that names none. Default 5 s.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Deadline of one check. Default 5 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Failed rounds in a row that make an endpoint failing. Default 3.</summary>
    public int Fall { get; init; } = 3;

    /// <summary>Good rounds in a row that make it healthy again. Default 1, as in LinK.</summary>
    public int Rise { get; init; } = 1;

    /// <summary>Checks under way at one time; more wait for their turn, and their deadline starts then. Default 256.</summary>
    public int MaxConcurrent { get; init; } = 256;
}
