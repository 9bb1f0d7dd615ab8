using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

public sealed class ReplacingLinKTests(DefaultBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<DefaultBed>
{
    private const int Addresses = 100;
    private const byte OurMark = 76;

    [Fact]
    public async Task LinK_on_a_host_that_holds_a_hundred_addresses_is_replaced_without_a_move_and_they_are_ours_from_then_on()
    {
        var result = await Scenarios.ReplaceLinKAsync(Addresses);
        Show(result.ToString());
        AssertNothingMoved(result);
        Assert.All(result.Addresses, address => Assert.True(address is { Mark: OurMark, ValidSeconds: not null }, $"{address}"));

        // What is ours can be given away: one by command, the rest by a drain.
        var host = Bed.Host(1);
        var id = (await host.Api.StatesAsync()).Keys.First();
        (await host.Api.FailoverAsync(id)).Expect(204);
        await Wait.UntilAsync("one address less", () => Bed.Addresses.Present(host.Number).Count(IsVirtual) == Addresses - 1, Patience);
        Assert.InRange((await host.Api.PostAsync("/drain")).Status, 200, 204);
        await Wait.UntilAsync("no address left", () => !Bed.Addresses.Present(host.Number).Any(IsVirtual), Patience);
    }

    [Fact]
    public async Task LinK_takes_a_hundred_addresses_back_without_a_move_and_has_them_for_ever()
    {
        var result = await Scenarios.GoBackToLinKAsync(Addresses);
        Show(result.ToString());
        AssertNothingMoved(result);
        Assert.All(result.Addresses, address => Assert.True(address is { ValidSeconds: null }, $"{address}"));
        Assert.Null(await Bed.Etcd[0].Gateway.GetAsync("/link/agents/h1"));
    }

    private static bool IsVirtual(System.Net.IPAddress address) => address.GetAddressBytes() is [10, 77, 0, > 100];

    private static void AssertNothingMoved(ChangeoverMeasurement result)
    {
        Assert.Equal(0, result.Moves);
        Assert.Equal(0, result.LockChanges);
        Assert.Equal(0, result.OtherLocks);
        Assert.Equal(0, result.Nobody);
        Assert.Equal(0, result.TwoHolders);
        Assert.Equal(0, result.Lost);
    }
}
