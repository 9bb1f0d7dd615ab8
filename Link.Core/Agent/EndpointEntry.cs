using Link.Core.Election;
using Link.Core.Plugins;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>What the agent knows of an endpoint besides its election. Owned by the loop.</summary>
internal sealed class EndpointEntry(EndpointRecord record, EndpointData stored)
{
    public string Id => Record.Id;

    public EndpointRecord Record { get; set; } = record;

    /// <summary>As it was when it was loaded or added.</summary>
    public EndpointRecord Loaded { get; } = record;

    /// <summary>As it is in etcd, or is to be.</summary>
    public EndpointData Stored { get; set; } = stored;

    /// <summary>Null: this agent cannot run the endpoint; <see cref="Reason"/> says why.</summary>
    public IOutput? Output { get; init; }

    /// <summary>Null: it cannot be read.</summary>
    public PluginConfig? Config { get; init; }

    /// <summary>The election key; empty when the endpoint cannot be run.</summary>
    public string Key { get; init; } = "";

    public EtcdLossPolicy OnEtcdLoss { get; init; }

    /// <summary>Generation of its health checks; reports of others are old.</summary>
    public long ChecksGeneration { get; set; }

    public DateTimeOffset Since { get; set; } = DateTimeOffset.UtcNow;

    /// <summary>Why the endpoint is in its state.</summary>
    public string? Reason { get; set; }

    /// <summary>The last call of its output to the outside failed.</summary>
    public bool CallFailed { get; set; }

    public string? LastError { get; private set; }

    public DateTimeOffset? LastErrorAt { get; private set; }

    /// <summary>What the other side wrote with it, for admins.</summary>
    public string? LastErrorAnswer { get; private set; }

    public void Failed(string error, string? answer = null)
    {
        LastError = error;
        LastErrorAnswer = answer;
        LastErrorAt = DateTimeOffset.UtcNow;
    }
}
