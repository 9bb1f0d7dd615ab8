namespace Link.Core.Plugins;

/// <summary>An output outside this host: what is wanted of it, and the one call under way. Owned by <see cref="RemoteOutputs"/>, on the loop.</summary>
internal sealed class RemoteOutput(RemoteOutputs outputs, string plugin, OutputTarget endpoint, IRemoteOutput remote) : IOutput
{
    public string EndpointId => endpoint.EndpointId;

    public string Plugin => plugin;

    public IRemoteOutput Remote => remote;

    public bool IsOnLan => false;

    public string? Fault { get; set; }

    // ---- what is wanted ---------------------------------------------------------------------------

    /// <summary>Null: nothing was wanted yet.</summary>
    public bool? WantsOn { get; set; }

    /// <summary>Counts wishes; the newest wins.</summary>
    public long Wish { get; set; }

    /// <summary>The wish that was fulfilled last.</summary>
    public long Fulfilled { get; set; }

    /// <summary>Revision of the lock by which it was on last.</summary>
    public long Revision { get; set; }

    /// <summary>The same over all retries of one wish, or of one refresh.</summary>
    public string DeliveryId { get; set; } = "";

    /// <summary>The endpoint is gone; the output goes when it is off.</summary>
    public bool IsRemoved { get; set; }

    // ---- what is ----------------------------------------------------------------------------------

    /// <summary>The call under way; null: none.</summary>
    public CancellationTokenSource? Call { get; set; }

    /// <summary>Waits for its turn.</summary>
    public bool IsQueued { get; set; }

    /// <summary>The lock was lost while an activation was under way: what that did is undone first.</summary>
    public bool MustUndo { get; set; }

    /// <summary>Calls that failed in a row.</summary>
    public int Failures { get; set; }

    /// <summary>How often it was given up since it worked last.</summary>
    public int GivenUp { get; set; }

    /// <summary>When it is looked at next; long.MaxValue: not by time.</summary>
    public long DueMs { get; set; } = long.MaxValue;

    /// <summary>When the next call may be made.</summary>
    public long CallAtMs { get; set; } = long.MaxValue;

    /// <summary>When <see cref="Fault"/> ends.</summary>
    public long HealAtMs { get; set; } = long.MaxValue;

    public bool IsFulfilled => Wish == Fulfilled && !MustUndo;

    /// <summary>Null: nothing was wanted yet.</summary>
    public OutputProgress? Progress =>
        WantsOn == null ? null
        : Failures > 0 ? OutputProgress.Failed
        : IsFulfilled ? OutputProgress.Done
        : OutputProgress.Pending;

    public void Activate(int? lifetimeSeconds, long revision) => outputs.Want(this, on: true, revision);

    public void Extend(int? lifetimeSeconds)
    {
        // Nothing outside ends by itself.
    }

    public void Deactivate() => outputs.Want(this, on: false, Revision);

    public void Announce() => outputs.EnsureNow(this);

    public void Silence()
    {
        // Nothing is told again before the next refresh.
    }

    public void AskLan() => throw new InvalidOperationException("An output outside this host has no neighbours to ask.");

    public void Remove() => outputs.Remove(this);
}
