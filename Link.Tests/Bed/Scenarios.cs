using System.Net;

namespace Link.Tests.Bed;

/// <summary>
/// What can happen to an address, each from a fresh election on, watched by a prober. Tests assert on the outcome and the benchmark prints it.
/// Every scenario leaves the bed as it is; the next one resets it.
/// </summary>
/// <param name="patience">How long a takeover may take before the scenario gives up: much longer than the lease.</param>
internal sealed partial class Scenarios(TestBed bed, TimeSpan patience)
{
    private const int CheckedPort = 9000;

    private TestBed Bed { get; } = bed;

    /// <summary>What was measured last, for whoever wonders about a figure.</summary>
    internal Measurement? Last { get; private set; }

    /// <summary>Agents and an address that has been with its holder for some time.</summary>
    private async Task<(ElectedVip Elected, Prober Prober)> HoldAsync(
        IPAddress? address, int settleMilliseconds, EndpointWish? wish = null, IReadOnlyDictionary<string, string>? extra = null)
    {
        var election = await Bed.ElectAsync(address, wish, extra);
        var prober = await Bed.ProbeAsync(election);
        await prober.MoreRequestsAsync(settleMilliseconds);
        return (election, prober);
    }

    private async Task<Measurement> MeasureAsync(Prober prober, ElectedVip election, long at, bool dead = false, IReadOnlyList<KeyEvent>? watch = null)
    {
        var record = await prober.FinishAsync();
        var until = record.SentAt[^1];
        return Last = new Measurement
        {
            Before = election,
            At = at,
            Outcome = Outcome.Of(record, Bed, election.Address, at, until, election.Holder, dead),
            Holders = [.. Bed.HoldersOf(election.Address).Where(host => !dead || host != election.Holder)],
            Lock = [.. (watch ?? []).Where(entry => entry.At >= at)],
        };
    }
}
