using System.Globalization;

namespace Link.Tests.Bed;

/// <summary>What it did to many addresses that one agent took another one's place on the host that holds them.</summary>
internal sealed record ChangeoverMeasurement
{
    /// <summary>How often a host that did not have one of the addresses got it.</summary>
    internal required int Moves { get; init; }

    /// <summary>How often etcd was told anything of one of the locks.</summary>
    internal required int LockChanges { get; init; }

    /// <summary>Locks that carry another lease, or are of another revision, than before.</summary>
    internal required int OtherLocks { get; init; }

    /// <summary>Time during which nobody had an address, and during which two hosts had, all addresses together; milliseconds.</summary>
    internal required double Nobody { get; init; }

    internal required double TwoHolders { get; init; }

    /// <summary>Requests that nobody answered, of those to the first address and to the last.</summary>
    internal required int Lost { get; init; }

    /// <summary>From the old agent's end to the new one holding everything, milliseconds.</summary>
    internal required double Back { get; init; }

    /// <summary>What the kernel has at the end, by address.</summary>
    internal required IReadOnlyList<KernelAddress?> Addresses { get; init; }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture,
        $"moves {Moves}, lock changes {LockChanges}, other locks {OtherLocks}, nobody {Nobody:0.0} ms, two holders {TwoHolders:0.0} ms, lost {Lost}, back after {Back:0} ms");
}
