namespace Link.Tests.Bed;

/// <summary>What a scenario measured, for tests to assert on and for the benchmark to print.</summary>
internal sealed record Measurement
{
    /// <summary>The election before the event.</summary>
    internal required ElectedVip Before { get; init; }

    internal required Outcome Outcome { get; init; }

    /// <summary>Hosts that had the address in the end, dead ones left out.</summary>
    internal required IReadOnlyList<AgentHost> Holders { get; init; }

    /// <summary>What etcd did to the lock after the event.</summary>
    internal IReadOnlyList<KeyEvent> Lock { get; init; } = [];

    /// <summary>More figures of this scenario, by name; times in milliseconds.</summary>
    internal Dictionary<string, double> Figures { get; init; } = [];

    /// <summary>When the event happened.</summary>
    internal required long At { get; init; }

    public override string ToString() =>
        $"{Outcome}\nholders in the end: {string.Join(' ', Holders)}{string.Concat(Figures.Select(pair => $", {pair.Key} {Math.Round(pair.Value, 2)}"))}";
}
