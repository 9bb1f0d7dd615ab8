namespace Link.Core.Plugins;

/// <summary>How calls to the outside are repeated.</summary>
internal sealed record RemoteOutputOptions
{
    /// <summary>PLUGIN_ENSURE_INTERVAL: the first pause after a failure; it doubles with each further one.</summary>
    public required TimeSpan EnsureInterval { get; init; }

    /// <summary>PLUGIN_ENSURE_MAX_BACKOFF_INTERVAL: the longest pause.</summary>
    public required TimeSpan MaxBackoff { get; init; }

    /// <summary>PLUGIN_FAIL_COUNT_BEFORE_FAILOVER: so many failed activations in a row give the endpoint to another host, if one competes; 0: never.</summary>
    public int FailuresBeforeFailover { get; init; } = 3;

    /// <summary>How long an output that was given up rests at the least, before this host competes again. Doubles each time.</summary>
    public TimeSpan Rest { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Calls under way at once, over all endpoints of one plugin.</summary>
    public int MaxCalls { get; init; } = 64;

    /// <summary>How often the ending of an output whose endpoint is gone is tried.</summary>
    public int FarewellTries { get; init; } = 5;
}
