using System.Globalization;

namespace Link.Tests.Bed;

/// <summary>What many endpoints on one agent cost.</summary>
internal sealed record LoadMeasurement
{
    /// <summary>Addresses that the kernel had.</summary>
    internal required int Held { get; init; }

    /// <summary>Addresses that it still had after the last DELETE.</summary>
    internal required int LeftBehind { get; init; }

    /// <summary>Endpoints and locks that etcd still had then.</summary>
    internal required int KeysLeft { get; init; }

    /// <summary>Requests to etcd within the window, stream messages counted one by one.</summary>
    internal required double Requests { get; init; }

    internal required double RequestsPerSecond { get; init; }

    internal required double CpuPercent { get; init; }

    internal required double IdleMiB { get; init; }

    internal required double LoadedMiB { get; init; }

    internal required double RestartPeakMiB { get; init; }

    internal required double PostSeconds { get; init; }

    internal required double RestartSeconds { get; init; }

    internal required double DeleteSeconds { get; init; }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"""
        held {Held}, left behind {LeftBehind}, keys left {KeysLeft}; requests to etcd {Requests} ({RequestsPerSecond:0.00}/s), CPU {CpuPercent:0.00} %
        memory idle {IdleMiB:0.0}, loaded {LoadedMiB:0.0}, peak at restart {RestartPeakMiB:0.0} MiB
        POSTs {PostSeconds:0.00} s, restart {RestartSeconds:0.00} s, DELETEs {DeleteSeconds:0.00} s
        """);
}
