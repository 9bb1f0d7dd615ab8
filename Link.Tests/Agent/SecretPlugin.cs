using System.Text.Json;
using Link.Core.Plugins;
using Link.Tests.Storage;

namespace Link.Tests.Agent;

/// <summary>As much of a plugin as concerns stored data: its secret fields and its election keys.</summary>
internal sealed class SecretPlugin(string name) : IPlugin
{
    public string Name => name;

    public IReadOnlyList<string> SecretFields { get; } = RecordedDump.SecretFieldsOf(name)!;

    public IReadOnlyList<string> DestinationFields { get; } = RecordedDump.SecretsOf(name)!.DestinationFields;

    /// <summary>Called before each endpoint that is migrated.</summary>
    public Action? BeforeMigration { get; init; }

    public string? FindElectionKey(JsonElement config)
    {
        BeforeMigration?.Invoke();
        return name switch
        {
            "arp" => config.GetProperty("ip").GetString()!.Replace('/', '_'),
            "webhook" => $"webhook/{config.GetProperty("resource_id").GetString()}",
            _ => $"outscale_public_ip/{config.GetProperty("public_ip_id").GetString()}",
        };
    }

    public Validated<PluginConfig> Read(JsonElement config, bool stored) => throw new NotSupportedException();

    public IOutput Create(OutputTarget endpoint, PluginConfig config) => throw new NotSupportedException();
}
