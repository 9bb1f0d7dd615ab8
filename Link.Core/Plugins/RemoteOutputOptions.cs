namespace Link.Core.Plugins;

/// <summary>How calls to the outside are repeated.</summary>
internal sealed record RemoteOutputOptions
{
    /// <summary>PLUGIN_ENSURE_INTERVAL: the first pause after a failure; it doubles with each further one.</summary>
    public required TimeSpan EnsureInterval { get; init; }

    /// <summary>PLUGIN_ENSURE_MAX_BACKOFF_INTERVAL: the longest pause.</summary>
    public required TimeSpan MaxBackoff { get; init; }

    /// <summary>Calls under way at once, over all endpoints of one plugin.</summary>
    public int MaxCalls { get; init; } = 64;

    /// <summary>How often the ending of an output whose endpoint is gone is tried.</summary>
    public int FarewellTries { get; init; } = 5;
}
