namespace Link.Tests.Bed;

/// <summary>All that a prober sent and heard.</summary>
internal sealed record ProbeRecord
{
    /// <summary>When each request was sent; the index is its number.</summary>
    internal required long[] SentAt { get; init; }

    /// <summary>In order of arrival.</summary>
    internal required Answer[] Answers { get; init; }

    internal required Sighting[] Sightings { get; init; }

    internal required Stall[] Stalls { get; init; }

    /// <summary>Requests that the client's own kernel refused to send.</summary>
    internal required int SendErrors { get; init; }

    /// <summary>Times at which the requests were sent that nobody ever answered.</summary>
    internal IReadOnlyList<long> LostBetween(long from, long to)
    {
        var answered = new bool[SentAt.Length];
        foreach (var answer in Answers)
            answered[answer.Sequence] = true;
        return [.. Enumerable.Range(0, SentAt.Length).Where(i => !answered[i] && SentAt[i] >= from && SentAt[i] <= to).Select(i => SentAt[i])];
    }

    internal int SentBetween(long from, long to) => SentAt.Count(at => at >= from && at <= to);

    /// <summary>How long the prober itself did not run within the span.</summary>
    internal long StalledBetween(long from, long to) =>
        Stalls.Sum(stall => Math.Max(0, Math.Min(stall.To, to) - Math.Max(stall.From, from)));
}
