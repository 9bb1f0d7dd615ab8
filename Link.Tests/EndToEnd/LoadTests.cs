using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

public sealed class LoadTests(LoneBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<LoneBed>
{
    private const int Endpoints = 1000;
    private const int WindowSeconds = 10;

    [Fact]
    public async Task A_thousand_endpoints_cost_etcd_no_more_than_one_at_rest_survive_a_restart_and_go_without_a_trace()
    {
        var load = await Scenarios.LoadAsync(Endpoints, TimeSpan.FromSeconds(WindowSeconds));
        Show(load.ToString());
        Assert.Equal(Endpoints, load.Held);
        Assert.InRange(load.RequestsPerSecond, 0, 1.5);
        Assert.Equal(0, load.LeftBehind);
        Assert.Equal(0, load.KeysLeft);
        // The benchmark holds these to their targets; here they are twice as wide, for a machine that is busy with other tests.
        Assert.InRange(load.CpuPercent, 0, 2);
        Assert.InRange(load.IdleMiB, 0, 32);
        Assert.InRange(load.LoadedMiB, 0, 80);
        Assert.InRange(load.RestartPeakMiB, 0, 120);
    }
}
