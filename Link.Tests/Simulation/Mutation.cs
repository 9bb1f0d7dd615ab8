namespace Link.Tests.Simulation;

/// <summary>Faults put into the shell on purpose, to prove that the invariants see them.</summary>
internal enum Mutation
{
    None,

    /// <summary>The output is turned off three seconds late.</summary>
    LateDeactivate,

    /// <summary>Rivals on the LAN go unheard.</summary>
    DeafToRivals,

    /// <summary>The Elector is never told that its lease is gone.</summary>
    LeaseGoneIgnored,

    /// <summary>Addresses never expire in the kernel.</summary>
    EndlessLifetimes,

    /// <summary>The Elector never sees a lock change hands.</summary>
    BlindToLocks,

    /// <summary>Lifetimes are not renewed.</summary>
    NoExtend,

    /// <summary>Every renewal comes back as failed, though etcd has it.</summary>
    RenewalsUnheard,

    /// <summary>Timers fire three seconds late.</summary>
    LateTimers,

    /// <summary>A newcomer goes on with the lease in etcd whoever has it, and nobody notices.</summary>
    SharesLease,

    /// <summary>A namesake's answer is taken for silence.</summary>
    AnswersUnheard,

    /// <summary>An agent whose key another writes lets everything go and ends.</summary>
    ObeysKeys,

    /// <summary>An agent whose key another writes writes it back at once, however often.</summary>
    WritesBackAtOnce,
}
