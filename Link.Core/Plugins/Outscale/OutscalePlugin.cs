using System.Text.Json;

namespace Link.Core.Plugins.Outscale;

/// <summary>Plugin outscale_public_ip: a public IP of the Outscale cloud, linked to this host's NIC.</summary>
internal sealed class OutscalePlugin(RemoteOutputs outputs, OutscaleOptions options, OutboundHttp http, TimeProvider time, Func<long> nowMs) : IPlugin
{
    public const string PluginName = "outscale_public_ip";

    private readonly AccessKeyGate _gate = new(nowMs);

    public string Name => PluginName;

    public IReadOnlyList<string> SecretFields { get; } = ["access_key", "secret_key"];

    /// <inheritdoc/>
    /// <remarks>
    /// The region decides who is called, unless OSC_ENDPOINT_API does, which is this host's own. The keys could move any public IP of the account to any
    /// NIC; they were given for these.
    /// </remarks>
    public IReadOnlyList<string> DestinationFields { get; } = ["region", "public_ip_id", "nic_id"];

    public Validated<PluginConfig> Read(JsonElement config, bool stored)
    {
        Validated<OutscaleConfig> read = OutscaleConfig.Read(config, stored, options);
        return new Validated<PluginConfig>(read.Value, read.Errors);
    }

    public string? FindElectionKey(JsonElement config) => OutscaleConfig.FindElectionKey(config);

    public IOutput Create(OutputTarget endpoint, PluginConfig config)
    {
        var outscale = (OutscaleConfig)config;
        var api = new OutscaleApi(outscale, options, http, _gate, time);
        return outputs.Add(Name, endpoint, new OutscaleOutput(outscale, api, options.RefreshInterval, nowMs));
    }
}
