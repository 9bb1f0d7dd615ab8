using System.Text.Json;
using Link.Core.Net;

namespace Link.Core.Plugins.Arp;

/// <summary>Plugin arp: an address on an interface of this host, announced to the neighbours.</summary>
/// <param name="defaultInterface">INTERFACE, for endpoints that name none; null: none.</param>
internal sealed class ArpPlugin(ArpOutputs outputs, string? defaultInterface) : IPlugin
{
    public const string PluginName = "arp";

    public string Name => PluginName;

    public IReadOnlyList<string> SecretFields => [];

    public IReadOnlyList<string> DestinationFields => [];

    public Validated<PluginConfig> Read(JsonElement config, bool stored)
    {
        Validated<ArpConfig> read = ArpConfig.Read(config, stored);
        if (stored || read.Value is not { Interface: null } || defaultInterface != null)
            return new Validated<PluginConfig>(read.Value, read.Errors);
        var errors = new FieldErrors();
        errors.Add("interface", "is missing: name an interface here, or set INTERFACE for the agent");
        return new Validated<PluginConfig>(null, errors.ToDictionary());
    }

    public string? FindElectionKey(JsonElement config) => ArpConfig.Read(config, stored: true).Value?.ElectionKey;

    /// <inheritdoc/>
    /// <remarks>An address is one output, whatever its prefix length.</remarks>
    public string? FindTwin(PluginConfig config) => outputs.Find(AddressOf((ArpConfig)config).Host)?.EndpointId;

    public FieldFault? FindRefusal(PluginConfig config) =>
        outputs.FindRefusal(AddressOf((ArpConfig)config).Host) is { } refusal ? new FieldFault("ip", refusal) : null;

    public IOutput Create(OutputTarget endpoint, PluginConfig config)
    {
        var arp = (ArpConfig)config;
        if ((arp.Interface ?? defaultInterface) is not { } name)
            return new UnusableOutput(endpoint.EndpointId, "no interface: set INTERFACE for the agent");
        var output = new ArpOutput(outputs, endpoint.EndpointId, AddressOf(arp), name);
        outputs.Add(output);
        return output;
    }

    private static VirtualAddress AddressOf(ArpConfig config) => VirtualAddress.Parse(config.Cidr);
}
