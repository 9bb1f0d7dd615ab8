namespace Link.Core.Plugins;

/// <summary>An output outside this host: what is wanted of it, and the one call under way. Owned by <see cref="RemoteOutputs"/>, on the loop.</summary>
internal sealed class RemoteOutput(RemoteOutputs outputs, string plugin, OutputTarget endpoint, IRemoteOutput remote) : IOutput
{
    public string EndpointId => endpoint.EndpointId;

    public string Plugin => plugin;

    public OutputTarget Endpoint => endpoint;

    public IRemoteOutput Remote => remote;

    public bool IsOnLan => false;

    public string? Fault { get; set; }

    // ---- what is wanted ---------------------------------------------------------------------------

    /// <summary>Null: nothing is wanted yet.</summary>
    public bool? WantsOn { get; set; }

    /// <summary>Revision of the lock by which it was wanted on last.</summary>
    public long Revision { get; set; }

    /// <summary>Counts wishes; the newest wins.</summary>
    public long Wish { get; set; }

    /// <summary>The same over all retries of a wish.</summary>
    public string DeliveryId { get; set; } = "";

    /// <summary>The endpoint is gone; the output goes when it is off.</summary>
    public bool IsRemoved { get; set; }

    // ---- what is ----------------------------------------------------------------------------------

    /// <summary>The wish that a call has fulfilled last.</summary>
    public long Fulfilled { get; set; }

    /// <summary>Ends the call under way; null: none.</summary>
    public CancellationTokenSource? Call { get; set; }

    /// <summary>Waits for its turn.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Calls that failed in a row.</summary>
    public int Failures { get; set; }

    /// <summary>When the next call is due, in milliseconds; long.MaxValue: none is.</summary>
    public long DueMs { get; set; } = long.MaxValue;

    public void Activate(int? lifetimeSeconds, long revision) => outputs.Want(this, on: true, revision);

    public void Extend(int? lifetimeSeconds)
    {
        // Nothing outside ends by itself.
    }

    public void Deactivate() => outputs.Want(this, on: false, Revision);

    public void Announce() => outputs.EnsureSoon(this);

    public void Silence()
    {
        // The next refresh is long away.
    }

    public void AskLan() => throw new InvalidOperationException("An output outside this host has no neighbours to ask.");

    public void Remove() => outputs.Remove(this);
}
