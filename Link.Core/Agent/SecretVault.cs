using System.Text.Json;
using Google.Protobuf;
using Link.Core.Plugins;
using Link.Core.Storage;

namespace Link.Core.Agent;

internal sealed record SealedConfig(string Json, IReadOnlyList<KeyValuePair<string, ByteString>> Secrets, string? Fault);

internal sealed record OpenedConfig(JsonElement? Config, IReadOnlyList<KeyValuePair<string, ByteString>> Secrets, string? Fault);

internal sealed class SecretVault(AgentOptions options)
{
    private readonly AgentOptions _options = options;

    public SealedConfig Seal(string endpointId, IPlugin plugin, string config) => new(config, [], null);

    public OpenedConfig Open(EndpointRecord record, IPlugin plugin, IReadOnlyDictionary<string, ByteString> secrets) => new(_options == null ? null : record.ParsePluginConfig(), [], null);

    public string? Mask(EndpointRecord record) => null;
}
