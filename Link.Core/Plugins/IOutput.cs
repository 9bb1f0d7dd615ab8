namespace Link.Core.Plugins;

/// <summary>
/// One endpoint's output, as the event loop switches it. Nothing here waits: what takes time runs elsewhere
/// (<see cref="RemoteOutput"/>) and reports later. On the loop only.
/// </summary>
internal interface IOutput
{
    string EndpointId { get; }

    /// <summary>True when the neighbours can be asked who has it.</summary>
    bool IsOnLan { get; }

    /// <summary>Why the output cannot work; null: it can.</summary>
    string? Fault { get; }

    /// <param name="lifetimeSeconds">Where the output can end by itself: after this time; null: never.</param>
    /// <param name="revision">The lock's revision, as fencing token; 0 without etcd's word.</param>
    void Activate(int? lifetimeSeconds, long revision);

    /// <summary>The lifetime starts anew.</summary>
    void Extend(int? lifetimeSeconds);

    /// <summary>Also for an output that was never activated, to end what an earlier process left.</summary>
    void Deactivate();

    /// <summary>There was a doubt: tell the world once more.</summary>
    void Announce();

    /// <summary>Stays on, but tells nobody any more.</summary>
    void Silence();

    /// <summary>Asks the neighbours who has it; only where <see cref="IsOnLan"/>.</summary>
    void AskLan();

    /// <summary>The endpoint is gone from this host. What has to be ended outside is still ended.</summary>
    void Remove();
}
