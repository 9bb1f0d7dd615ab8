using Link.Core.Net;
using Xunit;
using static Link.Core.Net.Linux.Filter;
using static Link.Core.Net.Linux.IfPacket;

namespace Link.Tests.Net;

/// <summary>The programs instruction by instruction, and what they make of packets; kernels run them in <see cref="ForeignFramesTests"/>.</summary>
public sealed class LanFilterTests
{

    private static readonly HostAddress s_address = HostAddress.Parse("10.0.0.1");
    private static readonly MacAddress s_rival = MacAddress.Parse("02:00:00:00:00:77");

    [Fact]
    public void The_programs_are_these()
    {
        string[] ofOurNetwork =
        [
            "30 0 0 fffff004", // ldb pkttype
            "25 4 0 2",        // jgt #PACKET_MULTICAST, drop
            "30 0 0 fffff030", // ldb vlan_tag_present
            "15 3 0 0",        // jeq #0, on
            "28 0 0 fffff02c", // ldh vlan_tag
            "45 0 1 fff",      // jset #VLAN_VID_MASK, drop
            "6 0 0 0",         // drop
        ];
        Assert.Equal([.. ofOurNetwork, "20 0 0 e", "15 0 1 0", "20 0 0 18", "15 0 1 a000001", "6 0 0 100", "6 0 0 0"], Show(LanFilter.Arp([s_address])));
        Assert.Equal([.. ofOurNetwork, "6 0 0 100"], Show(LanFilter.Arp(null)));
        Assert.Equal(
            [.. ofOurNetwork, "30 0 0 6", "15 0 3 3a", "30 0 0 28", "15 2 0 88", "15 1 0 87", "6 0 0 0", "6 0 0 100"], Show(LanFilter.Neighbours(any: true)));
        Assert.Equal(["6 0 0 0"], Show(LanFilter.Neighbours(any: false)));
    }

    [Fact]
    public void The_longest_program_fits_what_a_kernel_takes()
    {
        var longest = LanFilter.Arp([.. Enumerable.Range(0, LanFilter.MaxAddresses).Select(i => new HostAddress([10, 0, (byte)(i >> 8), (byte)i]))]);
        Assert.InRange(longest.Length, LanFilter.MaxAddresses, BPF_MAXINSNS);
    }

    [Theory]
    [InlineData(PACKET_HOST, PacketFilter.Untagged, true)]
    [InlineData(PACKET_BROADCAST, PacketFilter.Untagged, true)]
    [InlineData(PACKET_MULTICAST, PacketFilter.Untagged, true)]
    [InlineData(PACKET_OTHERHOST, PacketFilter.Untagged, false)]
    [InlineData(PACKET_OUTGOING, PacketFilter.Untagged, false)]
    [InlineData(PACKET_LOOPBACK, PacketFilter.Untagged, false)]
    [InlineData(PACKET_BROADCAST, 0x0000, true)]
    [InlineData(PACKET_BROADCAST, 0xA000, true)]
    [InlineData(PACKET_BROADCAST, 0x000A, false)]
    [InlineData(PACKET_BROADCAST, 0xA00A, false)]
    [InlineData(PACKET_BROADCAST, 0x0FFF, false)]
    [InlineData(PACKET_OTHERHOST, 0x0000, false)]
    public void Only_what_is_for_us_and_in_no_other_VLAN_passes(byte packetType, int tag, bool passes)
    {
        var arp = new byte[ArpPacket.Size];
        ArpPacket.Announcement(s_rival, s_address).Write(arp);
        var advertisement = new byte[NeighbourPacket.MaxSize];
        NeighbourPacket.Announcement(s_rival, HostAddress.Parse("2001:db8::1"), isRouter: false).Write(advertisement);
        Assert.Equal(passes, PacketFilter.Passes(LanFilter.Arp([HostAddress.Parse("10.0.0.2"), s_address]), arp, packetType, tag));
        Assert.Equal(passes, PacketFilter.Passes(LanFilter.Arp(null), arp, packetType, tag));
        Assert.Equal(passes, PacketFilter.Passes(LanFilter.Neighbours(any: true), advertisement, packetType, tag));
        Assert.False(PacketFilter.Passes(LanFilter.Arp([HostAddress.Parse("10.0.0.2")]), arp, packetType, tag));
    }

    private static string[] Show(sock_filter[] program) => [.. program.Select(static i => $"{i.code:x} {i.jt} {i.jf} {i.k:x}")];
}
