namespace Link.Tests.Simulation;

internal enum ScenarioKind
{
    /// <summary>Everything, one on top of another.</summary>
    Rough,

    /// <summary>Only what etcd and a healthy LAN can coordinate: commands, health, carrier. Moves must be quick.</summary>
    Mild,

    /// <summary>One fault of any kind.</summary>
    OneFault,
}
