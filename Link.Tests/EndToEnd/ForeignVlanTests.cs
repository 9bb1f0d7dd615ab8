using System.Net;
using System.Text.Json.Nodes;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>Somebody claims a holder's address in a VLAN that the host is not in, while etcd answers and while it does not.</summary>
public sealed class ForeignVlanTests(ShortLeaseBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ShortLeaseBed>
{
    private static readonly MacAddress Rival = new(0x0277_0000_0399);

    [Theory]
    [InlineData("10.77.0.200")]
    [InlineData("fd00:77::200")]
    public async Task A_claim_in_another_VLAN_is_no_rival_and_makes_nobody_let_go(string text)
    {
        var address = IPAddress.Parse(text);
        var election = await Bed.ElectAsync(address, hosts: Bed.Host(1));
        for (var i = 0; i < 20; i++)
            ClaimInVlan(address);
        // What comes after a real rival was heard has been heard as well.
        await Wait.UntilAsync("the real rival", async () =>
        {
            TestBed.Announce(Bed.Client, address, Rival);
            return await RivalsAsync(election) > 0;
        }, Patience);
        var before = await RivalsAsync(election);
        for (var i = 0; i < 20; i++)
            ClaimInVlan(address);
        Assert.Equal(before, await RivalsAsync(election));

        await Scenarios.LoseEtcdAsync(silent: false);
        await Wait.UntilAsync("etcd lost", async () => (await election.Holder.Api.GetAsync("/health")).Text.Contains("\"lost\"", StringComparison.Ordinal), Patience);
        var at = BedClock.Now;
        await Wait.UntilAsync("two seconds of claims", () =>
        {
            ClaimInVlan(address);
            return BedClock.MillisecondsSince(at) > 2000;
        }, Patience);
        Assert.Equal("ACTIVATED", await election.Holder.Api.StateAsync(election.HolderId));
        Assert.Equal([election.Holder], Bed.HoldersOf(address));

        // In the host's own network the same is the other one's word, which is etcd's as far as the host can know.
        await Wait.UntilAsync("letting go", () =>
        {
            TestBed.Announce(Bed.Client, address, Rival);
            return Bed.HoldersOf(address).Count == 0;
        }, Patience);
    }

    private void ClaimInVlan(IPAddress address) => Bed.Client.Run(() =>
    {
        var claim = address.GetAddressBytes().Length == 4 ? NeighbourPacket.GratuitousArp(address, Rival) : NeighbourPacket.UnsolicitedAdvertisement(address, Rival);
        PacketSocket.SendFrame(AgentHost.Interface, [.. claim[..12], 0x81, 0x00, 0x00, 0x0a, .. claim[12..]]);
        PacketSocket.SendFrame(AgentHost.Interface, [.. claim[..12], 0x88, 0xa8, 0x00, 0x0a, .. claim[12..]]);
    });

    private static async Task<int> RivalsAsync(ElectedVip election)
    {
        JsonNode endpoint = (await election.Holder.Api.GetAsync($"/endpoints/{election.HolderId}")).Expect(200).Json["endpoint"]!;
        return (int?)endpoint["rivals"] ?? 0;
    }
}
