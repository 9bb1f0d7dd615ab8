namespace Link.Core.Plugins;

/// <summary>
/// What a plugin does outside this process for one endpoint: a web request, a cloud's API, a program. Driven by <see cref="RemoteOutput"/>:
/// off the event loop, one call at a time, each bounded by its token. A call that fails throws <see cref="OutputException"/>; whatever else it
/// throws counts as a failure too. Every call must be repeatable.
/// </summary>
internal interface IRemoteOutput
{
    /// <summary>The longest that one call may take.</summary>
    TimeSpan Deadline { get; }

    /// <summary>Period of <see cref="EnsureAsync"/> while activated; null: never.</summary>
    TimeSpan? RefreshInterval { get; }

    Task ActivateAsync(OutputCall call, CancellationToken cancel);

    /// <summary>Makes sure that the output is still as <see cref="ActivateAsync"/> left it.</summary>
    Task EnsureAsync(OutputCall call, CancellationToken cancel);

    /// <summary>Also called for an output that was never activated by this process.</summary>
    Task DeactivateAsync(OutputCall call, CancellationToken cancel);
}
