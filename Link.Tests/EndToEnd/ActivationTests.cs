using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

public sealed class ActivationTests(LoneBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<LoneBed>
{
    [Fact]
    public async Task The_first_endpoint_of_a_fresh_host_does_not_wait_for_a_keep_alive()
    {
        // With a keep-alive each two minutes it would not come within the test's patience.
        await Scenarios.FirstActivationAsync(With("KEEPALIVE_INTERVAL", "120s"));
        Assert.Equal([Bed.Host(1)], Bed.HoldersOf(TestBed.Vip));
    }

    [Fact]
    public async Task Without_etcd_at_the_start_the_API_serves_and_says_so_and_the_agent_goes_on_when_etcd_comes()
    {
        await Bed.StartAgentsAsync();
        var id = await Bed.Host(1).Api.AddAsync(TestBed.Vip);
        await Bed.Host(1).StopAgentAsync();
        Bed.Etcd[0].Kill();

        await Bed.Host(1).StartAgentAsync();
        await Wait.UntilAsync("503 of GET /health", async () => (await Bed.Host(1).Api.GetAsync("/health")).Status == 503, Patience);

        await Bed.StartEtcdAsync(wipe: false);
        await Wait.UntilAsync("200 of GET /health", async () => (await Bed.Host(1).Api.GetAsync("/health")).Status == 200, Patience);
        await Wait.UntilAsync("ACTIVATED", async () => await Bed.Host(1).Api.StateAsync(id) == "ACTIVATED", Patience);
        Assert.Equal([Bed.Host(1)], Bed.HoldersOf(TestBed.Vip));
    }

    [Fact]
    public async Task The_version_is_answered_by_a_freshly_started_agent() =>
        Assert.True(await Scenarios.StartToVersionAsync() > 0);
}
