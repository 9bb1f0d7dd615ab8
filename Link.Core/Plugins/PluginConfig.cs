namespace Link.Core.Plugins;

/// <summary>A plugin's configuration, valid.</summary>
internal abstract record PluginConfig
{
    /// <summary>What hosts compete for, as LinK writes it: <c>10.0.0.1_32</c>, <c>webhook/res-1</c>.</summary>
    public abstract string ElectionKey { get; }

    /// <summary><c>on_etcd_loss</c>: claim, hold or release; null: the agent's ON_ETCD_LOSS. Ours, LinK does not know it.</summary>
    public string? OnEtcdLoss { get; init; }

    /// <summary>The configuration as JSON without spaces, in LinK's field order, secrets in clear. Never to be stored or shown as it is.</summary>
    public abstract string ToJson();
}
