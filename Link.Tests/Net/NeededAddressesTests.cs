using Link.Core.Net;
using Xunit;
using static Link.Core.Net.Linux.IfAddr;

namespace Link.Tests.Net;

public sealed class NeededAddressesTests
{
    private static readonly NeedSources s_host = new()
    {
        EtcdMembers = [(A("10.0.0.2"), "http://10.0.0.2:2379"), (A("10.0.0.3"), "http://etcd:2379"), (A("2001:db8::2"), "http://etcd:2379")],
        NextHops = [new NextHop(A("10.0.0.254"), 3, IsDefault: false), new NextHop(A("10.0.0.254"), 2, IsDefault: true), new NextHop(A("10.0.0.253"), 2, IsDefault: false), new NextHop(A("fe80::1"), 2, IsDefault: true)],
        NameServers = [A("10.0.0.53"), A("10.0.0.3")],
        Addresses = [On("10.0.0.11/24"), On("2001:db8::11/64")],
        Sources = [new OwnSource(A("10.0.0.11"), "etcd"), new OwnSource(A("2001:db8::11"), "its default gateway")],
        Peers = [(A("10.0.0.12"), "h2"), (A("10.0.0.254"), "h3")],
    };

    [Theory]
    [InlineData("10.0.0.11", NeedKind.Own, "this host's own address, by which it reaches etcd")]
    [InlineData("2001:db8::11", NeedKind.Own, "this host's own address, by which it reaches its default gateway")]
    [InlineData("10.0.0.2", NeedKind.EtcdMember, "the address of etcd member http://10.0.0.2:2379")]
    [InlineData("10.0.0.3", NeedKind.EtcdMember, "the address of etcd member http://etcd:2379")]
    [InlineData("2001:db8::2", NeedKind.EtcdMember, "the address of etcd member http://etcd:2379")]
    [InlineData("10.0.0.254", NeedKind.Gateway, "this host's default gateway")]
    [InlineData("10.0.0.253", NeedKind.Gateway, "a gateway of this host")]
    [InlineData("fe80::1", NeedKind.Gateway, "this host's default gateway")]
    [InlineData("10.0.0.53", NeedKind.NameServer, "a name server of this host (/etc/resolv.conf)")]
    [InlineData("10.0.0.255", NeedKind.Broadcast, "the broadcast address of this host's network 10.0.0.11/24")]
    [InlineData("10.0.0.12", NeedKind.PeersOwn, "the own address of host h2, as its agent says")]
    public void What_the_host_needs_has_its_reason(string address, object kind, string text) =>
        Assert.Equal(new Need((NeedKind)kind, text), new NeededAddresses(s_host).Find(A(address)));

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("10.0.0.200")]
    [InlineData("2001:db8::200")]
    [InlineData("10.1.0.255")]
    public void Other_addresses_are_free_also_in_the_hosts_network(string address) => Assert.Null(new NeededAddresses(s_host).Find(A(address)));

    [Fact]
    public void What_the_operator_excepts_is_free_and_other_hosts_are_told_of_it_all_the_same()
    {
        var needed = new NeededAddresses(s_host with { Except = new HashSet<HostAddress> { A("10.0.0.53"), A("10.0.0.11") } });
        Assert.Null(needed.Find(A("10.0.0.53")));
        Assert.Null(needed.Find(A("10.0.0.11")));
        Assert.NotNull(needed.Find(A("10.0.0.2")));
        Assert.Contains(A("10.0.0.11"), needed.Own);
    }

    [Fact]
    public void An_address_with_our_mark_is_no_own_address_although_the_kernel_sends_from_it()
    {
        var needed = WithSource("10.0.0.11/24", "10.0.0.200/24", mark: AddressMark.Link);
        Assert.Null(needed.Find(A("10.0.0.200")));
        Assert.DoesNotContain(A("10.0.0.200"), needed.Own);
    }

    /// <summary>What LinK, or an administrator for keepalived, leaves on the interface.</summary>
    [Theory]
    [InlineData("10.0.0.11/24", "10.0.0.200/32", 1, 2, true)]
    [InlineData("10.0.0.11/24", "10.0.0.200/32", 2, 1, true)]
    [InlineData("2001:db8::11/64", "2001:db8::200/128", 1, 2, true)]
    [InlineData("2001:db8::11/64", "2001:db8::200/128", 2, 1, true)]
    [InlineData("2001:db8::11/64", "2001:db8::200/64", 1, 2, true)]
    [InlineData("2001:db8::11/64", "2001:db8::200/64", 2, 1, false)]
    [InlineData("10.0.0.11/24", "10.0.0.200/24", 1, 2, false)]
    [InlineData("10.0.1.11/24", "10.0.0.200/32", 1, 2, false)]
    [InlineData("10.0.0.11/32", "10.0.0.200/32", 1, 2, false)]
    public void A_virtual_address_beside_the_hosts_own_is_not_own_although_the_kernel_sends_from_it(string own, string source, uint ownAt, uint sourceAt, bool isVirtual)
    {
        var needed = new NeededAddresses(new NeedSources
        {
            Addresses = [On(own) with { CreatedAt = ownAt }, On(source) with { CreatedAt = sourceAt }],
            Sources = [new OwnSource(VirtualAddress.Parse(source).Host, "etcd")],
        });
        Assert.Equal(isVirtual, needed.Find(VirtualAddress.Parse(source).Host) is null);
    }

    [Fact]
    public void An_address_of_an_advertised_or_leased_network_is_own_however_young()
    {
        var advertised = On("2001:db8::20/64") with { CreatedAt = 9, Mark = IFAPROT_KERNEL_RA };
        var leased = On("2001:db8::30/128") with { CreatedAt = 9, ValidSeconds = 3600 };
        foreach (var record in new[] { advertised, leased })
        {
            var needed = new NeededAddresses(new NeedSources
            {
                Addresses = [On("2001:db8::11/64") with { CreatedAt = 1 }, record],
                Sources = [new OwnSource(record.Address.Host, "etcd")],
            });
            Assert.Equal(NeedKind.Own, needed.Find(record.Address.Host)?.Kind);
        }
    }

    [Fact]
    public void It_is_known_which_needed_addresses_are_on_the_host_already()
    {
        var needed = new NeededAddresses(s_host with { Addresses = [.. s_host.Addresses, On("10.0.0.53/32") with { Mark = AddressMark.Link }] });
        Assert.True(needed.IsHere(A("10.0.0.53")));
        Assert.True(needed.IsHere(A("10.0.0.11")));
        Assert.False(needed.IsHere(A("10.0.0.2")));
    }

    [Fact]
    public void A_host_on_loopback_alone_needs_nothing_of_it()
    {
        var needed = new NeededAddresses(new NeedSources
        {
            EtcdMembers = [(A("127.0.0.1"), "http://127.0.0.1:2379"), (A("::1"), "http://[::1]:2379")],
            Sources = [new OwnSource(A("127.0.0.1"), "etcd"), new OwnSource(HostAddress.Any4, "etcd")],
            Addresses = [On("127.0.0.1/8"), On("10.0.0.0/31")],
        });
        foreach (var address in new[] { "127.0.0.1", "::1", "0.0.0.0", "127.255.255.255", "10.0.0.1" })
            Assert.Null(needed.Find(A(address)));
    }

    [Fact]
    public void What_says_the_same_is_no_news()
    {
        Assert.True(new NeededAddresses(s_host).Says(new NeededAddresses(s_host with { NameServers = [.. s_host.NameServers.Reverse()] })));
        Assert.False(new NeededAddresses(s_host).Says(new NeededAddresses(s_host with { NameServers = [] })));
        Assert.False(new NeededAddresses(s_host).Says(new NeededAddresses(s_host with { Sources = [] })));
    }

    private static NeededAddresses WithSource(string own, string source, byte mark) => new(new NeedSources
    {
        Addresses = [On(own), On(source) with { Mark = mark }],
        Sources = [new OwnSource(VirtualAddress.Parse(source).Host, "etcd")],
    });

    private static HostAddress A(string text) => HostAddress.Parse(text);

    private static AddressRecord On(string text) => new(2, VirtualAddress.Parse(text), IFAPROT_UNSPEC, IFA_F_PERMANENT, null);
}
