namespace Link.Core.Plugins;

/// <summary>A call to the outside failed.</summary>
/// <param name="message">One line for everybody who may list endpoints: what was tried, what came back, what to do. No secret.</param>
/// <param name="retryAfter">Not to be tried again before this time has passed; null: as the back-off says.</param>
/// <param name="isPermanent">It will go on failing until somebody changes the configuration: tried again as rarely as PLUGIN_ENSURE_MAX_BACKOFF_INTERVAL says.</param>
internal sealed class OutputException(string message, TimeSpan? retryAfter = null, bool isPermanent = false, Exception? inner = null) : Exception(message, inner)
{
    public TimeSpan? RetryAfter { get; } = retryAfter;

    public bool IsPermanent { get; } = isPermanent;

    /// <summary>
    /// What the other side wrote, on one line and cut; null: nothing. For admins and the log only: who may not add endpoints could read by it what answers on
    /// the inside of a network.
    /// </summary>
    public string? Answer { get; init; }
}
