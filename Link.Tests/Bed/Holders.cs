using System.Net;

namespace Link.Tests.Bed;

/// <summary>How many hosts had an address, and for how long, by what their kernels said.</summary>
internal sealed record Holders
{
    internal long TwoOrMore { get; private set; }

    internal long? TwoFrom { get; private set; }

    internal long? TwoUntil { get; private set; }

    internal long None { get; private set; }

    internal int Most { get; private set; }

    internal int Moves { get; private set; }

    internal List<(long At, AgentHost Host, bool Added)> Timeline { get; } = [];

    /// <param name="dead">True: what <paramref name="old"/> has from <paramref name="from"/> on counts as nothing.</param>
    internal static Holders Of(TestBed bed, IPAddress address, long from, long to, AgentHost? old, bool dead)
    {
        var result = new Holders();
        var present = new HashSet<AgentHost>();
        var events = bed.Addresses.Events(address);
        foreach (var entry in events.Where(entry => entry.At <= from))
            Apply(present, bed.HostOf(entry.Namespace), entry.Added);
        var last = from;
        void Advance(long until)
        {
            var count = present.Count(host => !dead || host != old);
            result.Most = Math.Max(result.Most, count);
            if (count == 0)
                result.None += until - last;
            if (count >= 2)
            {
                result.TwoOrMore += until - last;
                result.TwoFrom ??= last;
                result.TwoUntil = until;
            }
            last = until;
        }
        foreach (var entry in events.Where(entry => entry.At > from && entry.At <= to))
        {
            if (bed.HostOf(entry.Namespace) is not { } host)
                continue;
            Advance(entry.At);
            if (!Apply(present, host, entry.Added))
                continue;
            result.Timeline.Add((entry.At, host, entry.Added));
            if (entry.Added)
                result.Moves++;
        }
        Advance(to);
        return result;
    }

    /// <returns>False: nothing new, such as a renewed lifetime.</returns>
    private static bool Apply(HashSet<AgentHost> present, AgentHost? host, bool added) =>
        host is not null && (added ? present.Add(host) : present.Remove(host));
}
