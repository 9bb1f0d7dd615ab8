using Link.Core.Plugins;
using Link.Core.Storage;

namespace Link.Core.Agent;

/// <summary>One of this host's endpoints as etcd has it, its configuration read and its secrets opened.</summary>
/// <param name="Plugin">Null: this agent does not have it.</param>
/// <param name="Config">Null: it cannot be read, or its secrets cannot be opened; <paramref name="Fault"/> says why.</param>
/// <param name="Key">The election key; null: it cannot be told.</param>
internal sealed record LoadedEndpoint(EndpointRecord Record, EndpointData Stored, IPlugin? Plugin, PluginConfig? Config, string? Key, string? Fault);
