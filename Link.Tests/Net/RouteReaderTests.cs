using System.Buffers.Binary;
using Link.Core.Net;
using Link.Core.Net.Linux;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Net;

/// <summary>Gateways and source addresses as a real kernel has them.</summary>
public sealed class RouteReaderTests : IDisposable
{
    private readonly NetworkNamespace _a = new();
    private readonly NetworkNamespace _b = new();

    public RouteReaderTests()
    {
        NetworkNamespace.Connect(_a, _b);
        _a.Ip("address add 10.0.0.8/24 dev eth0");
        _a.Ip("address add 2001:db8::8/64 dev eth0 nodad");
    }

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Fact]
    public void Every_next_hop_of_every_table_and_family_is_found()
    {
        _a.Ip("route add default via 10.0.0.254");
        _a.Ip("route add 10.9.0.0/16 nexthop via 10.0.0.1 nexthop via 10.0.0.2 weight 5");
        _a.Ip("route add default via 10.0.0.253 table 77");
        _a.Ip("route add 10.8.0.0/16 via inet6 2001:db8::a dev eth0");
        _a.Ip("route add default via fe80::1 dev eth0");
        _a.Ip("-6 route add 2001:db8:9::/48 nexthop via 2001:db8::1 dev eth0 nexthop via 2001:db8::2 dev eth0");
        _a.Ip("route add 2001:db8:8::/48 via 2001:db8::3 table 78");
        _a.Ip("nexthop add id 5 via 10.0.0.5 dev eth0");
        _a.Ip("route add blackhole 10.7.0.0/16");
        _a.Ip("route add 10.6.0.0/16 dev eth0");
        var hops = _a.Run(() => RouteReader.Read().NextHops);
        Assert.Equal(
            ["10.0.0.1", "10.0.0.2", "10.0.0.253 default", "10.0.0.254 default", "10.0.0.5", "2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8::a", "fe80::1 default"],
            hops.Select(static hop => $"{hop.Address}{(hop.IsDefault ? " default" : "")}").Order(StringComparer.Ordinal));
        Assert.All(hops, hop => Assert.NotEqual(0, hop.InterfaceIndex));
    }

    [Fact]
    public void A_gateway_that_a_router_advertises_is_found()
    {
        // RFC 4861 section 4.2: a router advertisement with a lifetime of 1800 s.
        var frame = new byte[14 + 40 + 16];
        MacAddress.AllNodes.CopyTo(frame);
        MacAddress.Parse("02:00:00:00:00:77").CopyTo(frame.AsSpan(6));
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(12), IfArp.ETH_P_IPV6);
        var ip = frame.AsSpan(14);
        (ip[0], ip[5], ip[6], ip[7]) = (0x60, 16, 58, 255);
        HostAddress.Parse("fe80::77").CopyTo(ip[8..]);
        HostAddress.AllNodes.CopyTo(ip[24..]);
        var icmp = ip[40..];
        (icmp[0], icmp[4]) = (134, 64);
        BinaryPrimitives.WriteUInt16BigEndian(icmp[6..], 1800);
        uint sum = 16 + 58;
        for (var i = 8; i < 56; i += 2)
            sum += BinaryPrimitives.ReadUInt16BigEndian(ip[i..]);
        while (sum > 0xffff)
            sum = (sum & 0xffff) + (sum >> 16);
        BinaryPrimitives.WriteUInt16BigEndian(icmp[2..], (ushort)~sum);
        IReadOnlyCollection<NextHop> hops = [];
        for (var end = TestHost.Now + 60_000; hops.Count == 0; hops = _a.Run(() => RouteReader.Read().NextHops))
        {
            Assert.True(TestHost.Now < end, "no route came of the advertisement");
            _b.Run(() => Bed.PacketSocket.SendFrame("eth0", frame));
        }

        var hop = Assert.Single(hops);
        Assert.Equal((HostAddress.Parse("fe80::77"), true), (hop.Address, hop.IsDefault));
        Assert.Equal("2001:db8::8", _a.Run(() => SourceAddress.Towards(HostAddress.Parse("2001:db8::9")))?.ToString());
    }

    [Fact]
    public void The_source_is_what_the_kernel_would_take_and_nobodys_where_there_is_no_way()
    {
        _a.Ip("address add 10.0.0.9/24 dev eth0");
        _a.Ip("route add 10.9.0.0/16 via 10.0.0.1 src 10.0.0.9");
        Assert.Equal(HostAddress.Parse("10.0.0.9"), Assert.Single(_a.Run(() => RouteReader.Read().NextHops)).Source);
        Assert.Equal(
            ["10.0.0.8", "10.0.0.9", "2001:db8::8", "nobody", "nobody"],
            _a.Run(() => new[] { "10.0.0.1", "10.9.0.1", "2001:db8::1", "10.55.0.1", "2001:db8:5::1" }.Select(static text =>
                SourceAddress.Towards(HostAddress.Parse(text))?.ToString() ?? "nobody").ToArray()));
    }

    [Fact]
    public void Routes_that_come_and_go_are_told_and_a_lifetime_is_not() => _a.Run(() =>
    {
        using var host = new TestHost();
        host.Hold("10.0.0.1/32", lifetime: 60);
        host.Hold("2001:db8::1/128", lifetime: 60);
        host.Until(() => _a.Ip("-6 address show").Contains("2001:db8::1/", StringComparison.Ordinal), "the address");
        using var notices = new RouteNotices();
        using var epoll = new Epoll();
        var ready = new EpollReady[1];
        epoll.Add(notices.Fd);
        notices.Drain();
        host.Network.Extend(HostAddress.Parse("10.0.0.1"), 90, TestHost.Now);
        host.Network.Extend(HostAddress.Parse("2001:db8::1"), 90, TestHost.Now);
        host.Network.Flush(TestHost.Now);
        Assert.Equal(0, epoll.Wait(ready, 0));
        foreach (var change in new[]
        {
            "route add default via 10.0.0.254", "route del default via 10.0.0.254", "route add default via fe80::1 dev eth0",
            "address add 10.0.0.77/32 dev eth0", "address add 2001:db8::77/128 dev eth0 nodad", "address del 10.0.0.77/32 dev eth0",
        })
        {
            _a.Ip(change);
            Assert.Equal(1, epoll.Wait(ready, 60_000));
            notices.Drain();
        }
    });

    [Theory]
    [InlineData("")]
    [InlineData("02000000")]
    [InlineData("020000000000000100000000")]
    [InlineData("0200000000000001000000000800050001020304")]
    [InlineData("020000000000000100000000FFFF0500")]
    [InlineData("0200000000000001000000000C0009000800000000000000")]
    [InlineData("0200000000000001000000000C00090000000000000000")]
    [InlineData("0200000000000001000000000C000900FFFF000000000000")]
    public void What_is_cut_off_or_no_gateway_is_passed_over(string hex)
    {
        List<NextHop> hops = [];
        RouteMessage.NextHops(Convert.FromHexString(hex), hops.Add);
        RouteMessage.NextHopObject(Convert.FromHexString(hex), static _ => { });
        Assert.All(hops, static hop => Assert.Equal("1.2.3.4", hop.Address.ToString()));
    }
}
