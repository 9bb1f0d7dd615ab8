using Google.Protobuf;
using Link.Core.Election;
using Link.Core.Plugins.Arp;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>What the agent knows of an endpoint besides its election. Owned by the loop.</summary>
internal sealed class EndpointEntry(EndpointRecord record, ArpOutput? output)
{
    public string Id => Record.Id;

    public EndpointRecord Record { get; set; } = record;

    /// <summary>Null: this agent cannot run the endpoint; <see cref="Reason"/> says why.</summary>
    public ArpOutput? Output { get; } = output;

    /// <summary>The record as it is stored.</summary>
    public ByteString Json { get; set; } = ByteString.CopyFrom(record.Write());

    /// <summary>The election key; empty when the endpoint cannot be run.</summary>
    public string Key { get; init; } = "";

    public EtcdLossPolicy OnEtcdLoss { get; init; }

    /// <summary>Generation of its health checks; reports of others are old.</summary>
    public long ChecksGeneration { get; set; }

    public DateTimeOffset Since { get; set; } = DateTimeOffset.UtcNow;

    /// <summary>Why the endpoint is in its state.</summary>
    public string? Reason { get; set; }

    public string? LastError { get; set; }

    public DateTimeOffset? LastErrorAt { get; set; }
}
