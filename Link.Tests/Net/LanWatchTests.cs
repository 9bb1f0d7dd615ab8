using Link.Core.Net;
using Link.Core.Net.Linux;
using Xunit;
using static Link.Core.Net.Linux.IfArp;
using static Link.Core.Net.Linux.IfPacket;

namespace Link.Tests.Net;

public sealed class LanWatchTests
{
    private static readonly MacAddress s_own = MacAddress.Parse("02:00:00:00:00:01");
    private static readonly MacAddress s_other = MacAddress.Parse("02:00:00:00:00:02");
    private static readonly HostAddress s_address = HostAddress.Parse("10.0.0.1");
    private static readonly HostAddress s_address6 = HostAddress.Parse("2001:db8::1");

    private readonly LinkTable _links = new();
    private readonly LanWatch _watch;

    public LanWatchTests()
    {
        _links.Set(new NetworkLink(2, "eth0", s_own, true, true, false, false), out _);
        _links.Set(new NetworkLink(3, "eth1", MacAddress.Parse("02:00:00:00:00:03"), true, true, false, false), out _);
        _watch = new LanWatch(_links);
        _watch.Add(s_address, "eth0", WatchReasons.Held);
        _watch.Add(s_address6, "eth0", WatchReasons.Standby);
    }

    [Fact]
    public void Anothers_announcement_is_a_claim()
    {
        Assert.Equal(new Sighting(IgnoredBecause.None, s_address, s_other, IsProbe: false), Hear(ArpPacket.Announcement(s_other, s_address)));
        Assert.Equal(new Sighting(IgnoredBecause.None, s_address6, s_other, IsProbe: false), Hear(NeighbourPacket.Announcement(s_other, s_address6, false)));
    }

    [Fact]
    public void Anothers_ordinary_question_from_our_address_is_a_claim()
    {
        Assert.Equal(IgnoredBecause.None, Hear(new ArpPacket(ARPOP_REQUEST, s_other, s_address, default, HostAddress.Parse("10.0.0.9"))).Ignored);
        var asks = NeighbourPacket.Probe(HostAddress.Parse("2001:db8::9")) with { Source = s_address6, LinkAddress = s_other };
        Assert.Equal(new Sighting(IgnoredBecause.None, s_address6, s_other, IsProbe: false), Hear(asks));
    }

    [Fact]
    public void Anothers_probe_is_a_probe()
    {
        Assert.Equal(new Sighting(IgnoredBecause.None, s_address, s_other, IsProbe: true), Hear(ArpPacket.Probe(s_other, s_address)));
        Assert.Equal(new Sighting(IgnoredBecause.None, s_address6, s_other, IsProbe: true), Hear(NeighbourPacket.Probe(s_address6)));
    }

    [Fact]
    public void Every_packet_that_says_nothing_has_its_reason()
    {
        Assert.Equal(IgnoredBecause.Outgoing, Hear(ArpPacket.Announcement(s_other, s_address), packetType: PACKET_OUTGOING).Ignored);
        Assert.Equal(IgnoredBecause.OtherHost, Hear(ArpPacket.Announcement(s_other, s_address), packetType: PACKET_OTHERHOST).Ignored);
        Assert.Equal(IgnoredBecause.OwnHardware, Hear(ArpPacket.Announcement(s_own, s_address)).Ignored);
        Assert.Equal(IgnoredBecause.OwnHardware, Hear(ArpPacket.Announcement(MacAddress.Parse("02:00:00:00:00:03"), s_address)).Ignored);
        Assert.Equal(IgnoredBecause.OtherInterface, Hear(ArpPacket.Announcement(s_other, s_address), interfaceIndex: 3).Ignored);
        Assert.Equal(IgnoredBecause.NotWatched, Hear(ArpPacket.Announcement(s_other, HostAddress.Parse("10.0.0.2"))).Ignored);
        Assert.Equal(IgnoredBecause.NoSender, Hear(ArpPacket.Announcement(MacAddress.Broadcast, s_address)).Ignored);
        Assert.Equal(IgnoredBecause.NoSender, Hear(ArpPacket.Announcement(default, s_address)).Ignored);
        foreach (var nobody in new[] { "224.0.0.1", "255.255.255.255", "127.0.0.1" })
            Assert.Equal(IgnoredBecause.NoSender, Hear(ArpPacket.Announcement(s_other, HostAddress.Parse(nobody))).Ignored);
        Assert.Equal(IgnoredBecause.NoSender, Hear(ArpPacket.Probe(s_other, s_address) with { Operation = ARPOP_REPLY }).Ignored);
        Assert.Equal(IgnoredBecause.OtherProtocol, Hear(ArpPacket.Probe(s_other, s_address) with { Operation = 8 }).Ignored);
        Assert.Equal(IgnoredBecause.Truncated, _watch.Decide(ETH_P_ARP, new byte[27], new PacketOrigin(2, PACKET_HOST, s_other)).Ignored);
    }

    [Fact]
    public void What_neighbours_must_not_believe_is_invalid()
    {
        var claim = NeighbourPacket.Announcement(s_other, s_address6, isRouter: false);
        Assert.Equal(IgnoredBecause.None, Hear(claim with { Flags = NeighbourPacket.SolicitedFlag, Destination = HostAddress.Parse("2001:db8::9") }).Ignored);
        Assert.Equal(IgnoredBecause.Invalid, Hear(claim with { Flags = NeighbourPacket.SolicitedFlag }).Ignored);
        Assert.Equal(IgnoredBecause.Invalid, Hear(claim with { Target = HostAddress.AllNodes }).Ignored);
        Assert.Equal(IgnoredBecause.Invalid, Hear(claim with { Source = HostAddress.AllNodes }).Ignored);
        Assert.Equal(IgnoredBecause.Invalid, Hear(claim with { Source = HostAddress.Parse("::1") }).Ignored);
        var probe = NeighbourPacket.Probe(s_address6);
        Assert.Equal(IgnoredBecause.Invalid, Hear(probe with { Destination = HostAddress.AllNodes }).Ignored);
        Assert.Equal(IgnoredBecause.Invalid, Hear(probe with { LinkAddress = s_other }).Ignored);
    }

    [Fact]
    public void A_frame_from_a_group_has_no_sender()
    {
        var data = new byte[ArpPacket.Size];
        ArpPacket.Announcement(s_other, s_address).Write(data);
        Assert.Equal(IgnoredBecause.NoSender, _watch.Decide(ETH_P_ARP, data, new PacketOrigin(2, PACKET_BROADCAST, MacAddress.AllNodes)).Ignored);
    }

    [Fact]
    public void A_flood_is_told_a_few_times_a_second()
    {
        var sighting = Hear(ArpPacket.Announcement(s_other, s_address));
        var told = Enumerable.Range(0, 10_000).Count(i => _watch.Tell(sighting, i / 10) == IgnoredBecause.None);
        Assert.Equal(1000 / LanWatch.RepeatMs, told);
        // The other kind of news is not held back by it.
        Assert.Equal(IgnoredBecause.None, _watch.Tell(sighting with { IsProbe = true }, 999));
    }

    [Fact]
    public void An_address_is_watched_until_the_last_reason_is_gone()
    {
        _watch.Add(s_address, "eth0", WatchReasons.Standby);
        _watch.Remove(s_address, WatchReasons.Held);
        Assert.Equal(IgnoredBecause.None, Hear(ArpPacket.Announcement(s_other, s_address)).Ignored);
        _watch.Remove(s_address, WatchReasons.Standby);
        Assert.Equal(IgnoredBecause.NotWatched, Hear(ArpPacket.Announcement(s_other, s_address)).Ignored);
        Assert.Equal(0, _watch.IPv4Count);
    }

    private Sighting Hear(ArpPacket packet, byte packetType = PACKET_BROADCAST, int interfaceIndex = 2)
    {
        var data = new byte[ArpPacket.Size];
        packet.Write(data);
        // A switch may have forwarded the frame, so that only the packet names the sender.
        return _watch.Decide(ETH_P_ARP, data, new PacketOrigin(interfaceIndex, packetType, s_other));
    }

    private Sighting Hear(NeighbourPacket packet)
    {
        var data = new byte[NeighbourPacket.MaxSize];
        return _watch.Decide(ETH_P_IPV6, data.AsSpan(0, packet.Write(data)), new PacketOrigin(2, PACKET_MULTICAST, s_other));
    }
}
