using Link.Core.Net;
using Xunit;

namespace Link.Tests.Net;

public sealed class PacketTests
{
    private static readonly MacAddress s_mac = MacAddress.Parse("02:00:00:aa:bb:cc");
    private static readonly HostAddress s_address4 = HostAddress.Parse("192.0.2.7");
    private static readonly HostAddress s_address6 = HostAddress.Parse("2001:db8::12:3456");

    [Fact]
    public void An_announcement_is_a_gratuitous_ARP_request()
        => Assert.Equal(
            "0001" + "0800" + "06" + "04" + "0001"      // Ethernet, IPv4, their sizes, request
            + "020000aabbcc" + "c0000207"               // sender
            + "000000000000" + "c0000207",              // target: nobody's MAC, the same address
            Hex(ArpPacket.Announcement(s_mac, s_address4)));

    [Fact]
    public void The_reply_form_names_the_sender_as_target_because_Linux_ignores_others_within_its_lock_time()
        => Assert.Equal(
            "0001" + "0800" + "06" + "04" + "0002"
            + "020000aabbcc" + "c0000207"
            + "020000aabbcc" + "c0000207",
            Hex(ArpPacket.AnnouncementReply(s_mac, s_address4)));

    [Fact]
    public void A_probe_has_no_senders_address()
        => Assert.Equal(
            "0001" + "0800" + "06" + "04" + "0001"
            + "020000aabbcc" + "00000000"
            + "000000000000" + "c0000207",
            Hex(ArpPacket.Probe(s_mac, s_address4)));

    [Theory]
    [InlineData(false, "20000000", "d3e6")]
    [InlineData(true, "a0000000", "53e6")]
    public void An_IPv6_announcement_overrides_and_carries_the_MAC(bool isRouter, string flags, string checksum)
        => Assert.Equal(
            "60000000" + "0020" + "3a" + "ff"           // version 6, 32 bytes, ICMPv6, hop limit 255
            + "20010db8000000000000000000123456"        // from the address itself
            + "ff020000000000000000000000000001"        // to all nodes
            + "88" + "00" + checksum + flags
            + "20010db8000000000000000000123456"
            + "02" + "01" + "020000aabbcc",             // target's link-layer address
            Hex(NeighbourPacket.Announcement(s_mac, s_address6, isRouter)));

    [Fact]
    public void An_IPv6_probe_is_the_question_of_duplicate_address_detection()
        => Assert.Equal(
            "60000000" + "0018" + "3a" + "ff"
            + "00000000000000000000000000000000"
            + "ff0200000000000000000001ff123456"        // the solicited-node group
            + "87" + "00" + "e41e" + "00000000"
            + "20010db8000000000000000000123456",
            Hex(NeighbourPacket.Probe(s_address6)));

    [Fact]
    public void The_Ethernet_group_of_a_probe_ends_in_the_addresss_last_bytes()
        => Assert.Equal("33:33:ff:12:34:56", MacAddress.OfGroup(s_address6.SolicitedNodeGroup()).ToString());

    [Fact]
    public void What_is_written_reads_back()
    {
        var buffer = new byte[NeighbourPacket.MaxSize];
        var arp = ArpPacket.AnnouncementReply(s_mac, s_address4);
        Assert.Equal(IgnoredBecause.None, ArpPacket.TryParse(buffer.AsSpan(0, arp.Write(buffer)), out var arpAgain));
        Assert.Equal(arp, arpAgain);
        var neighbour = NeighbourPacket.Announcement(s_mac, s_address6, isRouter: true);
        Assert.Equal(IgnoredBecause.None, NeighbourPacket.TryParse(buffer.AsSpan(0, neighbour.Write(buffer)), out var neighbourAgain));
        Assert.Equal(neighbour, neighbourAgain);
    }

    [Fact]
    public void Truncated_packets_are_refused_at_every_length()
    {
        var buffer = new byte[NeighbourPacket.MaxSize];
        var length = ArpPacket.Probe(s_mac, s_address4).Write(buffer);
        for (var i = 0; i < length; i++)
            Assert.Equal(IgnoredBecause.Truncated, ArpPacket.TryParse(buffer.AsSpan(0, i), out _));
        length = NeighbourPacket.Announcement(s_mac, s_address6, false).Write(buffer);
        for (var i = 0; i < length; i++)
            Assert.Equal(IgnoredBecause.Truncated, NeighbourPacket.TryParse(buffer.AsSpan(0, i), out _));
    }

    [Fact]
    public void An_option_without_a_length_is_refused()
    {
        var buffer = new byte[NeighbourPacket.MaxSize];
        var length = NeighbourPacket.Announcement(s_mac, s_address6, false).Write(buffer);
        buffer[65] = 0;
        Assert.Equal(IgnoredBecause.Truncated, NeighbourPacket.TryParse(buffer.AsSpan(0, length), out _));
    }

    [Fact]
    public void An_advertisement_that_came_through_a_router_is_refused()
    {
        var buffer = new byte[NeighbourPacket.MaxSize];
        var length = NeighbourPacket.Announcement(s_mac, s_address6, false).Write(buffer);
        buffer[7] = 254;
        Assert.Equal(IgnoredBecause.NotFromThisLink, NeighbourPacket.TryParse(buffer.AsSpan(0, length), out _));
    }

    [Fact]
    public void Random_bytes_never_throw()
    {
        var random = new Random(20260101);
        var buffer = new byte[200];
        for (var i = 0; i < 200_000; i++)
        {
            // Half of them start as a valid packet, so that the deeper branches are reached.
            var length = random.Next(buffer.Length);
            random.NextBytes(buffer);
            if (i % 4 == 0)
                length = NeighbourPacket.Announcement(s_mac, s_address6, false).Write(buffer);
            else if (i % 4 == 1)
                length = ArpPacket.Announcement(s_mac, s_address4).Write(buffer);
            buffer[random.Next(buffer.Length)] ^= (byte)random.Next(256);
            _ = Sighting.OfArp(buffer.AsSpan(0, length));
            _ = Sighting.OfNeighbour(buffer.AsSpan(0, length), s_mac);
            ReadOnlySpan<byte> rest = buffer.AsSpan(0, length);
            while (RouteMessage.TryTake(ref rest, out var header, out var payload))
                _ = RouteMessage.ErrorText(header, payload);
            _ = RouteMessage.Address(buffer.AsSpan(0, length));
            _ = RouteMessage.Link(buffer.AsSpan(0, length), static _ => null);
        }
    }

    private static string Hex(ArpPacket packet)
    {
        var buffer = new byte[ArpPacket.Size];
        return Convert.ToHexStringLower(buffer.AsSpan(0, packet.Write(buffer)));
    }

    private static string Hex(NeighbourPacket packet)
    {
        var buffer = new byte[NeighbourPacket.MaxSize];
        return Convert.ToHexStringLower(buffer.AsSpan(0, packet.Write(buffer)));
    }
}
