using Link.Core.Net;
using Link.Core.Plugins.Arp;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Plugins.Arp;

/// <summary>What becomes of endpoints whose address the host needs itself, known before them or after.</summary>
public sealed class ArpOutputsTests : IArpEvents, IDisposable
{
    private const string Needed = "10.0.0.2";

    private readonly NetworkNamespace _a = new();
    private readonly NetworkNamespace _b = new();
    private readonly ArpOutputs _outputs;
    private readonly List<string> _told = [];

    public ArpOutputsTests()
    {
        NetworkNamespace.Connect(_a, _b);
        _a.Ip("address add 10.0.0.8/24 dev eth0");
        _outputs = _a.Run(() => new ArpOutputs(new AnnounceOptions(), this, new Random(1)));
    }

    public void Dispose()
    {
        _outputs.Dispose();
        _a.Dispose();
        _b.Dispose();
    }

    [Fact]
    public void What_the_host_needs_is_refused_before_and_after_it_is_an_endpoint_and_taken_on_when_it_is_needed_no_more()
    {
        _outputs.SetNeeded(EtcdAt(Needed));
        Assert.Contains("is the address of etcd member", _outputs.FindRefusal(HostAddress.Parse(Needed)), StringComparison.Ordinal);
        Assert.Null(_outputs.FindRefusal(HostAddress.Parse("10.0.0.3")));
        ArpOutput output = Add(Needed), other = Add("10.0.0.3");
        Assert.Contains("is the address of etcd member", output.Fault, StringComparison.Ordinal);
        Assert.Null(other.Fault);
        Assert.Empty(_told);

        _outputs.SetNeeded(NeededAddresses.None);
        Assert.Null(output.Fault);
        Assert.Equal([$"{Needed} works"], _told);
    }

    [Theory]
    [InlineData("etcd", true)]
    [InlineData("gateway", true)]
    [InlineData("own", true)]
    [InlineData("name server", false)]
    [InlineData("peer", false)]
    public void Of_an_endpoint_that_competes_only_what_would_cut_the_host_off_makes_an_end(string need, bool fails)
    {
        ArpOutput output = Add(Needed);
        _outputs.SetNeeded(Need(need, isHere: false));
        Assert.Equal(fails, output.Fault != null);
        Assert.StartsWith(fails ? $"{Needed} fails" : $"{Needed} warning", Assert.Single(_told), StringComparison.Ordinal);
        _outputs.SetNeeded(Need(need, isHere: false));
        Assert.Single(_told);
    }

    [Theory]
    [InlineData("etcd")]
    [InlineData("gateway")]
    [InlineData("own")]
    [InlineData("name server")]
    [InlineData("peer")]
    public void What_is_held_is_kept_with_one_warning_and_then_not_taken_again(string need)
    {
        ArpOutput output = Add(Needed);
        _outputs.Activate(output, 60);
        _outputs.Tick(Link.Core.Net.Linux.BootClock.NowMs);
        _outputs.SetNeeded(Need(need, isHere: true));
        _outputs.SetNeeded(Need(need, isHere: true));
        Assert.Null(output.Fault);
        Assert.StartsWith($"{Needed} warning", Assert.Single(_told), StringComparison.Ordinal);

        _outputs.Deactivate(output);
        _outputs.SetNeeded(Need(need, isHere: false));
        Assert.Equal(need is "etcd" or "gateway" or "own", output.Fault != null);
    }

    [Fact]
    public void What_an_earlier_run_left_on_the_interface_is_taken_on_with_a_warning_but_never_the_hosts_own()
    {
        _outputs.SetNeeded(Need("name server", isHere: true));
        Assert.Null(_outputs.FindRefusal(HostAddress.Parse(Needed)));
        Assert.Null(Add(Needed).Fault);
        _outputs.SetNeeded(Own("10.0.0.8"));
        Assert.Contains("own address", Add("10.0.0.8").Fault, StringComparison.Ordinal);
        Assert.Contains("own address", _outputs.FindRefusal(HostAddress.Parse("10.0.0.8")), StringComparison.Ordinal);
    }

    /// <summary>A record of LinK's, or what looks like one, must not make the host's own address one that the election may remove.</summary>
    [Fact]
    public void The_hosts_own_address_is_not_adopted_from_LinK_and_its_other_addresses_are()
    {
        _a.Ip("address add 10.0.0.200/24 dev eth0");
        _outputs.SetNeeded(Own("10.0.0.8"));
        Add("10.0.0.8", 24);
        Add("10.0.0.200", 24);
        Assert.Equal([VirtualAddress.Parse("10.0.0.200/24")], _outputs.AdoptUnmarked(60));
        Assert.Matches("10\\.0\\.0\\.8/24.*\\n +valid_lft forever", _a.Ip("address show dev eth0"));
    }

    [Fact]
    public void Other_hosts_are_told_of_own_addresses_and_not_of_endpoints()
    {
        ArpOutput output = Add(Needed);
        _outputs.Activate(output, null);
        _outputs.SetNeeded(new NeededAddresses(new NeedSources
        {
            Sources = [new OwnSource(HostAddress.Parse(Needed), "etcd"), new OwnSource(HostAddress.Parse("10.0.0.8"), "etcd"), new OwnSource(HostAddress.Parse("fe80::1"), "its gateway")],
        }));
        Assert.Equal([HostAddress.Parse("10.0.0.8")], _outputs.OwnAddresses());
    }

    void IArpEvents.OutputChanged(ArpOutput output, string? fault) => _told.Add($"{output.Address.Host} {(fault == null ? "works" : $"fails: {fault}")}");

    void IArpEvents.LanVerdict(ArpOutput output, LanVerdict verdict, string by) => _told.Add("verdict");

    void IArpEvents.RivalHeard(ArpOutput output, string mac) => _told.Add("rival");

    void IArpEvents.OutputNotice(ArpOutput? output, bool isWarning, string text) => _told.Add($"{output?.Address.Host} {(isWarning ? "warning" : "notice")}: {text}");

    private ArpOutput Add(string address, byte prefixLength = 32)
    {
        var output = new ArpOutput(_outputs, $"vip-{address}", VirtualAddress.Parse($"{address}/{prefixLength}"), "eth0");
        _outputs.Add(output);
        return output;
    }

    private static NeededAddresses EtcdAt(string address) => new(new NeedSources { EtcdMembers = [(HostAddress.Parse(address), "http://etcd:2379")] });

    private static NeededAddresses Own(string address) => new(new NeedSources
    {
        Sources = [new OwnSource(HostAddress.Parse(address), "etcd")],
        Addresses = [new AddressRecord(2, VirtualAddress.Parse($"{address}/24"), 0, 0, null)],
    });

    private static NeededAddresses Need(string kind, bool isHere)
    {
        var address = HostAddress.Parse(Needed);
        return new NeededAddresses(new NeedSources
        {
            EtcdMembers = kind == "etcd" ? [(address, "http://etcd:2379")] : [],
            NextHops = kind == "gateway" ? [new NextHop(address, 2, IsDefault: true)] : [],
            NameServers = kind == "name server" ? [address] : [],
            Peers = kind == "peer" ? [(address, "h2")] : [],
            Sources = kind == "own" ? [new OwnSource(address, "etcd")] : [],
            // The kernel sends from a held address that it does not show as ours before Linux 5.18.
            Addresses = isHere ? [new AddressRecord(2, VirtualAddress.Parse($"{Needed}/32"), kind == "own" ? (byte)0 : AddressMark.Link, 0, null)] : [],
        });
    }
}
