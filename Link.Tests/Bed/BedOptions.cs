using Link.Core.Agent;

namespace Link.Tests.Bed;

/// <summary>Shape of a test bed.</summary>
internal sealed record BedOptions
{
    internal int Hosts { get; init; } = 3;

    internal int EtcdMembers { get; init; } = 1;

    /// <summary>Added to every agent's environment.</summary>
    internal IReadOnlyDictionary<string, string> AgentEnvironment { get; init; } = new Dictionary<string, string>();

    /// <summary>KEEPALIVE_INTERVAL of the agents, LinK's too.</summary>
    internal TimeSpan KeepAliveInterval =>
        AgentEnvironment.TryGetValue("KEEPALIVE_INTERVAL", out var text) && GoDuration.TryParse(text, out var interval, out _) ? interval : TimeSpan.FromSeconds(3);

    /// <summary>Of namespaces and folder; null: a name of its own, so that several beds run side by side.</summary>
    internal string? Prefix { get; init; }

    /// <summary>etcd's data are in memory, so that a disk that is busy with something else does not hold up elections.</summary>
    internal bool EtcdInMemory { get; init; }

    /// <summary>A lease of three seconds, so that tests which wait for its end are short.</summary>
    internal static IReadOnlyDictionary<string, string> ShortLease { get; } = new Dictionary<string, string>
    {
        ["KEEPALIVE_INTERVAL"] = "500ms",
        ["HEALTH_CHECK_INTERVAL"] = "200ms",
    };

    /// <summary>A lease of ten seconds, for tests of what must not move: a machine that stops for a moment does not end it.</summary>
    internal static IReadOnlyDictionary<string, string> ModerateLease { get; } = new Dictionary<string, string>
    {
        ["KEEPALIVE_INTERVAL"] = "2s",
        ["HEALTH_CHECK_INTERVAL"] = "200ms",
    };
}
