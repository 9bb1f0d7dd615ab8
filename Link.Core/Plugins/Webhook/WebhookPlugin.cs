using System.Text.Json;
using Link.Core.Net;

namespace Link.Core.Plugins.Webhook;

/// <summary>Plugin webhook: a URL is told whether this host is activated or on standby, by signed requests.</summary>
/// <param name="http">Of the agent, for endpoints without a CA of their own.</param>
/// <param name="names">Of the agent, for the others.</param>
/// <param name="rules">Where URLs may lead.</param>
/// <param name="refreshInterval">WEBHOOK_REFRESH_INTERVAL: it is told again as often while activated.</param>
/// <param name="version">Of the agent, for User-Agent.</param>
internal sealed class WebhookPlugin(
    RemoteOutputs outputs, OutboundHttp http, NameResolver names, OutboundRules rules, TimeSpan refreshInterval, string version, TimeProvider time) : IPlugin
{
    public const string PluginName = "webhook";

    /// <summary>For endpoints with a CA of their own, by its text. Here only as long as an endpoint uses them; connections end when they are idle.</summary>
    private readonly Dictionary<string, WeakReference<OutboundHttp>> _byCa = [];

    public string Name => PluginName;

    public IReadOnlyList<string> SecretFields => ["secret", "headers.*"];

    /// <inheritdoc/>
    /// <remarks>
    /// The whole URL: on many an origin the path decides who reads a request. The resource: what is signed says something about it. Nothing else leads a
    /// request elsewhere, see <see cref="OutboundHttp"/>.
    /// </remarks>
    public IReadOnlyList<string> DestinationFields => ["url", "ca", "resource_id"];

    public Validated<PluginConfig> Read(JsonElement config, bool stored)
    {
        Validated<WebhookConfig> read = WebhookConfig.Read(config, stored);

        // What is stored fails when it is called, with the same words: the variable may allow it after the next restart.
        if (stored || read.Value == null || rules.Fault(read.Value.Url) is not { } fault)
            return new Validated<PluginConfig>(read.Value, read.Errors);
        var errors = new FieldErrors();
        errors.Add("url", $"may not be called: {fault}");
        return new Validated<PluginConfig>(null, errors.ToDictionary());
    }

    public string? FindElectionKey(JsonElement config) => WebhookConfig.FindElectionKey(config);

    /// <inheritdoc/>
    /// <remarks>Endpoints that trust the same share connections.</remarks>
    public IOutput Create(OutputTarget endpoint, PluginConfig config)
    {
        var webhook = (WebhookConfig)config;
        OutboundHttp requests = webhook.Ca == null ? http : Trusting(webhook.Ca);
        return outputs.Add(Name, endpoint, new WebhookOutput(requests, webhook, endpoint, refreshInterval, version, time));
    }

    private OutboundHttp Trusting(string ca)
    {
        if (_byCa.TryGetValue(ca, out WeakReference<OutboundHttp>? shared) && shared.TryGetTarget(out OutboundHttp? requests))
            return requests;
        foreach ((string other, WeakReference<OutboundHttp> unused) in _byCa)
        {
            if (!unused.TryGetTarget(out _))
                _byCa.Remove(other);
        }

        requests = new OutboundHttp(names, time, OutboundHttp.ReadCa(ca, out _), rules);
        _byCa[ca] = new WeakReference<OutboundHttp>(requests);
        return requests;
    }
}
