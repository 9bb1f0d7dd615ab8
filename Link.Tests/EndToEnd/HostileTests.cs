using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>Who can reach the API or the network cannot stop a holder. What it costs is measured by the benchmark.</summary>
public sealed class HostileTests(DefaultBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<DefaultBed>
{
    private static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_attack_at_once_moves_nothing_and_keeps_nobody_out(bool tls)
    {
        Measurement measured = Show(await Scenarios.HostileAsync(Duration, tls));
        AssertKept(measured);
        Assert.Equal((1.0, 0.0, 0.0), (measured.Figures["alive"], measured.Figures["moves"], measured.Outcome.Nobody));
        Assert.Equal(0, measured.Outcome.TwoHolders);
        Assert.InRange(measured.Figures["connections"], 1, double.MaxValue);
        Assert.InRange(measured.Figures["frames"], 1, double.MaxValue);
        Assert.InRange(measured.Figures["honest_answered"], 1, double.MaxValue);
        // The benchmark holds this to its target; here it is wider, for a machine that is busy with other tests.
        Assert.InRange(measured.Figures["peak"], 1, 96);
        Assert.DoesNotContain("fault=", measured.Before.Holder.Agent!.ReadLog(), StringComparison.Ordinal);
    }
}
