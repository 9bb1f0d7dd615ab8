namespace Link.Tests.Simulation;

/// <summary>How long something that must not last may last. Each says why; all in microseconds of true time.</summary>
internal sealed class Tolerances(Scenario scenario)
{
    /// <summary>One message to or from etcd, at its slowest.</summary>
    public long MessageUs => scenario.SlowChance > 0 ? 500_000 : 3_000;

    public long IntervalUs => scenario.IntervalMs * 1_000L;

    public long TtlUs => scenario.TtlSeconds * 1_000_000L;

    public long LossUs => scenario.Options.LossMs * 1_000;

    /// <summary>
    /// From the end of a fault of etcd until the agent must act on it again: a request that was under way runs into its deadline (1 s), the
    /// next waits for its backoff (1.25 intervals or RetryDelayMs), and it takes up to two slow messages; the stream needs 0.2 s to resume.
    /// </summary>
    public long RecoveryUs => 1_500_000 + IntervalUs * 5 / 4 + 2 * MessageUs;

    /// <summary>Make before break: the new holder's answer is fast, the old one's news slow; then LetGoDelayMs. 50 ms for the sampling.</summary>
    public long TwoHoldersUs => scenario.Options.LetGoDelayMs * 1_000 + 2 * MessageUs + 70_000;

    /// <summary>LinK's agent keeps the address until its next poll has been answered; polls come every interval, jittered by a tenth.</summary>
    public long TwoHoldersWithLinkUs => TwoHoldersUs + IntervalUs * 5 / 4 + 2 * MessageUs;

    /// <summary>A host that claimed on the LAN keeps the address until a rival shows itself: announce, be heard, be answered (rate limit 1 s).</summary>
    public long RivalUs => 2_500_000;

    /// <summary>... or, where they cannot hear each other, until a dead host's lease would have ended.</summary>
    public long ClaimGraceUs => TtlUs + 1_500_000 + TwoHoldersUs;

    /// <summary>
    /// Two hosts that hear each other, whatever etcd does: the one that is cut off believes in its lease until it ends, then lets go at the
    /// other's next announcement, which is a slow refresh (10 s with its jitter) when everything was announced while the LAN was broken.
    /// </summary>
    public long TwoOnLanUs => TtlUs + 10_000_000 + RivalUs;

    /// <summary>
    /// Nobody has the address, though a host reaches etcd: the lock is a dead host's until its lease ends (TTL, checked twice a second),
    /// and a host that finds etcd again leaves the lock to the one that has the address for ReturnDelayMs.
    /// </summary>
    public long NobodyUs => TtlUs + 500_000 + scenario.Options.ReturnDelayMs * 1_000 + RecoveryUs;

    /// <summary>
    /// Nobody has the address, though a host may claim it: it waits for etcd first (LossMs), perhaps after having waited for a dead host's lease,
    /// then asks the LAN in turn with the others, and an asker with a lower MAC that failed meanwhile may have gone first.
    /// </summary>
    public long NobodyClaimsUs => LossUs + NobodyUs + 3 * scenario.HostCount * scenario.Options.WitnessStepMs * 1_000;

    /// <summary>Nobody has the address after a failed check or a command, with etcd and LAN in order: release, news, take, answer.</summary>
    public long NobodyMildUs => 5 * MessageUs + 250_000;

    /// <summary>With <c>release</c> a planned move breaks before it makes: if no host can take the lock, it comes back after HandOverMs.</summary>
    public long NobodyMildReleaseUs => NobodyMildUs + scenario.Options.HandOverMs * 1_000;

    /// <summary>A holder change may come this long after what caused it.</summary>
    public long CauseUs => NobodyClaimsUs + ClaimGraceUs;

    /// <summary>An agent that reaches etcd serves after this time: load, lease, keys, probation.</summary>
    public long StartUs => RecoveryUs + scenario.Options.ProbationMs * 1_000 + 8 * MessageUs + 1_000_000;

    /// <summary>
    /// A namesake that has answered is asked again after up to 6.25 s, and thrice more up to 1.25 s apart, before it counts as gone; a silence takes
    /// 0.7 s. Two more instances may be found in the key then.
    /// </summary>
    public long NamesakeUs => 6_250_000 + 2 * 1_250_000 + 5 * 700_000 + 3 * (250_000 + 4 * MessageUs);

    /// <summary>Two agents with one name that somebody makes share a lease again and again: one may leave it 3 s after it left the last one.</summary>
    public long SharedLeaseUs => 3_000_000 + TwoHoldersUs + 6 * MessageUs;

    /// <summary>A command is answered: CommandDeadlineMs, HandOverMs, two requests.</summary>
    public long AnswerUs => 5_000_000 + scenario.Options.HandOverMs * 1_000 + 3_000_000;

    /// <summary>From the end of all faults until one host has each address and everybody knows.</summary>
    public long SettleUs => NobodyClaimsUs + ClaimGraceUs + 12_000_000;

    /// <summary>How long the run then watches that nothing happens.</summary>
    public long RestUs => 4 * IntervalUs + 2_000_000;
}
