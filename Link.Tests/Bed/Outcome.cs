using System.Globalization;
using System.Net;

namespace Link.Tests.Bed;

/// <summary>What one event did to an address, as its client and the kernels of the hosts saw it. Times are milliseconds after the event.</summary>
internal sealed record Outcome
{
    /// <summary>The first answer by another host than the old one; null: never.</summary>
    internal double? FirstNew { get; init; }

    /// <summary>The last answer of the old host before that.</summary>
    internal double? LastOld { get; init; }

    /// <summary>From the last answer of the old host to the first of the new one.</summary>
    internal double? SwitchGap => FirstNew - LastOld;

    internal string? NewHost { get; init; }

    internal int Sent { get; init; }

    /// <summary>Requests that nobody answered.</summary>
    internal int Lost { get; init; }

    /// <summary>Time covered by runs of lost requests: from the first lost one to the next that was answered.</summary>
    internal double Outage { get; init; }

    /// <summary>Longest time between two answers in which the prober did send.</summary>
    internal double LongestSilence { get; init; }

    /// <summary>Time during which two hosts or more had the address; a host that is dead does not count.</summary>
    internal double TwoHolders { get; init; }

    /// <summary>When that began first and ended last.</summary>
    internal double? TwoHoldersFrom { get; init; }

    internal double? TwoHoldersUntil { get; init; }

    /// <summary>Time during which no host had the address.</summary>
    internal double Nobody { get; init; }

    /// <summary>How often a host that did not have the address got it.</summary>
    internal int Moves { get; init; }

    /// <summary>How long the prober itself did not run.</summary>
    internal double ProberStalled { get; init; }

    /// <summary>Requests that the client's own kernel refused to send, from the prober's start on.</summary>
    internal int SendErrors { get; init; }

    /// <summary>Where the client's neighbour table sent them: <c>+6.3 h2</c>.</summary>
    internal required IReadOnlyList<string> ClientNeighbours { get; init; }

    /// <summary>Answers by host in runs: <c>h1 0..5, h2 6..2000</c>.</summary>
    internal required IReadOnlyList<AnswerRun> Runs { get; init; }

    /// <summary>What each host's kernel did: <c>+6.1 h2 add</c>.</summary>
    internal required IReadOnlyList<string> Timeline { get; init; }

    /// <param name="at">When it happened.</param>
    /// <param name="until">End of the watch.</param>
    /// <param name="old">The holder before.</param>
    /// <param name="dead">True: the old holder's host died with it, so that the address it still carries is no one's.</param>
    internal static Outcome Of(ProbeRecord probe, TestBed bed, IPAddress address, long at, long until, AgentHost old, bool dead = false)
    {
        double Ms(long time) => Math.Round(BedClock.Milliseconds(time - at), 2);
        var answers = probe.Answers.Where(answer => answer.At >= at - 500_000_000 && answer.At <= until).ToArray();
        var firstNew = answers.Where(answer => answer.At > at && answer.From != old.Mac).Select(answer => (Answer?)answer).FirstOrDefault();
        var lastOld = answers.Where(answer => answer.From == old.Mac && (firstNew is null || answer.At < firstNew.Value.At)).Select(answer => (Answer?)answer).LastOrDefault();
        var lost = probe.LostBetween(at - 500_000_000, until);
        var holders = Holders.Of(bed, address, at, until, old, dead);
        return new Outcome
        {
            FirstNew = firstNew is { } first ? Ms(first.At) : null,
            LastOld = lastOld is { } last ? Ms(last.At) : null,
            NewHost = firstNew is { } answer ? bed.HostOf(answer.From)?.Name ?? answer.From.ToString() : null,
            Sent = probe.SentBetween(at - 500_000_000, until),
            Lost = lost.Count,
            Outage = Math.Round(BedClock.Milliseconds(OutageOf(probe, lost, until)), 2),
            LongestSilence = Math.Round(BedClock.Milliseconds(SilenceOf(probe, answers, until)), 2),
            TwoHolders = Math.Round(BedClock.Milliseconds(holders.TwoOrMore), 2),
            TwoHoldersFrom = holders.TwoFrom is { } from ? Ms(from) : null,
            TwoHoldersUntil = holders.TwoUntil is { } end ? Ms(end) : null,
            Nobody = Math.Round(BedClock.Milliseconds(holders.None), 2),
            Moves = holders.Moves,
            ProberStalled = Math.Round(BedClock.Milliseconds(probe.StalledBetween(at, until)), 1),
            SendErrors = probe.SendErrors,
            ClientNeighbours = [.. bed.ClientNeighbours(address).Where(entry => entry.At > at)
                .Select(entry => string.Create(CultureInfo.InvariantCulture, $"{Ms(entry.At):+0.0;-0.0} {(entry.Mac is { } mac ? bed.HostOf(mac)?.Name ?? mac.ToString() : "none")}"))],
            Runs = AnswerRun.Of(answers, bed, at),
            Timeline = [.. holders.Timeline.Select(entry => string.Create(CultureInfo.InvariantCulture, $"{Ms(entry.At):+0.0;-0.0} {entry.Host.Name} {(entry.Added ? "add" : "del")}"))],
        };
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"""
        first answer of {NewHost ?? "another host"} after {FirstNew} ms, last of the old one {LastOld} ms, sent {Sent}, lost {Lost}, outage {Outage} ms,
        longest silence {LongestSilence} ms, two holders {TwoHolders} ms, nobody {Nobody} ms, moves {Moves}, prober stalled {ProberStalled} ms
        answers: {string.Join(", ", Runs)}
        addresses: {string.Join(", ", Timeline)}
        client's neighbour: {string.Join(", ", ClientNeighbours)}; refused by its kernel {SendErrors}
        """);

    private static long OutageOf(ProbeRecord probe, IReadOnlyList<long> lost, long until)
    {
        var lostAt = lost.ToHashSet();
        var total = 0L;
        long? start = null;
        foreach (var sent in probe.SentAt.Where(sent => sent <= until))
        {
            if (lostAt.Contains(sent))
            {
                start ??= sent;
            }
            else if (start is not null)
            {
                total += sent - start.Value;
                start = null;
            }
        }
        return start is null ? total : total + (until - start.Value);
    }

    private static long SilenceOf(ProbeRecord probe, Answer[] answers, long until)
    {
        var longest = 0L;
        for (var i = 0; i < answers.Length; i++)
        {
            var next = i + 1 < answers.Length ? answers[i + 1].At : until;
            var silence = next - answers[i].At;
            if (silence > longest)
                longest = Math.Max(longest, silence - probe.StalledBetween(answers[i].At, next));
        }
        return longest;
    }
}
