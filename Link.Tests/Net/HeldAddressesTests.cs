using Link.Core.Net;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Net;

/// <summary>On real kernels, in network namespaces.</summary>
public sealed class HeldAddressesTests : IDisposable
{
    private readonly NetworkNamespace _a = new();
    private readonly NetworkNamespace _b = new();

    public HeldAddressesTests() => NetworkNamespace.Connect(_a, _b);

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Theory]
    [InlineData("10.0.0.1/32")]
    [InlineData("10.0.0.1/24")]
    [InlineData("2001:db8::1/128")]
    [InlineData("2001:db8::1/64")]
    public void An_address_is_added_with_our_mark_and_a_lifetime_and_removed(string text) => _a.Run(() =>
    {
        using var host = new TestHost();
        var address = host.Hold(text, lifetime: 30);
        var record = Find(address)!;
        Assert.True(record.IsMarked);
        Assert.InRange(record.ValidSeconds!.Value, 1u, 30u);
        Assert.Equal([$"held {address}"], host.Events.Lines);
        // Usable at once: no duplicate address detection.
        Assert.Equal(0u, record.Flags & 0x40);
        host.Release(address);
        Assert.Null(Find(address));
    });

    [Fact]
    public void Without_a_lifetime_an_address_is_permanent() => _a.Run(() =>
    {
        using var host = new TestHost();
        Assert.Null(Find(host.Hold("10.0.0.1"))!.ValidSeconds);
        Assert.Null(Find(host.Hold("2001:db8::1"))!.ValidSeconds);
    });

    [Theory]
    [InlineData("10.0.0.1/32")]
    [InlineData("2001:db8::1/128")]
    public void The_kernel_removes_an_address_that_is_not_extended(string text) => _a.Run(() =>
    {
        using var host = new TestHost();
        var address = host.Hold(text, lifetime: 1);
        host.UntilTold($"lost {address}: Expired");
        Assert.Null(Find(address));
        Assert.DoesNotContain($"restored {address}", host.Events.Lines);
        Assert.Equal(0, host.Network.Announcer.Count);
        Assert.Null(host.Network.NextDueMs);
    });

    [Theory]
    [InlineData("10.0.0.1/32")]
    [InlineData("2001:db8::1/128")]
    public void An_address_that_is_extended_never_flickers(string text) => _a.Run(() =>
    {
        using var host = new TestHost();
        // The first lifetime passes, each that follows would outlast a machine that stops for a while.
        var address = host.Hold(text, lifetime: 5);
        for (var end = TestHost.Now + 6500; TestHost.Now < end; host.Turn(200))
        {
            Assert.True(host.Network.Extend(address.Host, 30, TestHost.Now));
            host.Network.Flush(TestHost.Now);
        }

        Assert.Equal([$"held {address}"], host.Events.Lines);
        Assert.NotNull(Find(address));
        host.Network.Extend(address.Host, null, TestHost.Now);
        host.Network.Flush(TestHost.Now);
        Assert.Null(Find(address)!.ValidSeconds);
    });

    [Theory]
    [InlineData("10.0.0.1/32")]
    [InlineData("2001:db8::1/128")]
    public void An_address_that_another_program_removes_is_restored(string text) => _a.Run(() =>
    {
        using var host = new TestHost();
        var address = host.Hold(text, lifetime: 30);
        _a.Ip($"address del {address} dev eth0");
        host.UntilTold($"restored {address}");
        Assert.True(Find(address)!.IsMarked);
    });

    [Fact]
    public void A_flush_of_the_interface_is_undone() => _a.Run(() =>
    {
        using var host = new TestHost();
        var addresses = Enumerable.Range(1, 20).Select(i => host.Hold($"10.0.0.{i}")).ToList();
        _a.Ip("address flush dev eth0");
        foreach (var address in addresses)
            host.UntilTold($"restored {address}");
        Assert.All(addresses, a => Assert.NotNull(Find(a)));
    });

    [Fact]
    public void A_struggle_over_an_address_is_given_up_and_told() => _a.Run(() =>
    {
        using var host = new TestHost();
        using var rival = new RtNetlink();
        var link = rival.DumpLinks().Single(l => l.Name == "eth0");
        var address = host.Hold("10.0.0.1");
        var lost = $"lost {address}: RemovedAgainAndAgain";
        host.Until(
            () =>
            {
                if (Find(address) is not null && !host.Events.Lines.Contains(lost))
                    Assert.Null(rival.Change(new AddressRequest(AddressRequestKind.Remove, link, address)));
                return host.Events.Lines.Contains(lost);
            },
            lost);
        Assert.Equal(HeldAddress.StruggleCount + 1, host.Events.Lines.Count(l => l == $"restored {address}"));
        Assert.Null(Find(address));
        // It stays wanted, later.
        Assert.NotNull(host.Network.NextDueMs);
        var later = host.Network.Addresses.NextDueMs!.Value;
        host.Network.Tick(later);
        host.Network.Flush(later);
        Assert.NotNull(Find(address));
    });

    [Theory]
    [InlineData("10.0.0.1/32")]
    [InlineData("10.0.0.1/24")]
    [InlineData("2001:db8::1/128")]
    public void An_address_of_the_administrator_is_used_as_it_is_and_stays(string text) => _a.Run(() =>
    {
        _a.Ip($"address add {text} dev eth0 nodad");
        using var host = new TestHost();
        var address = host.Hold(text, lifetime: 30);
        Assert.Equal([$"held {address} of the administrator"], host.Events.Lines);
        host.Network.Extend(address.Host, 5, TestHost.Now);
        host.Network.Flush(TestHost.Now);
        var record = Find(address)!;
        Assert.False(record.IsMarked);
        Assert.Null(record.ValidSeconds);
        host.Release(address);
        Assert.NotNull(Find(address));
        Assert.Equal(0, host.Network.RemoveLeftovers());
        Assert.NotNull(Find(address));
    });

    [Fact]
    public void An_address_that_the_administrator_takes_away_while_it_is_held_becomes_ours() => _a.Run(() =>
    {
        _a.Ip("address add 10.0.0.1/32 dev eth0");
        using var host = new TestHost();
        var address = host.Hold("10.0.0.1");
        _a.Ip("address del 10.0.0.1/32 dev eth0");
        host.UntilTold($"restored {address}");
        Assert.True(Find(address)!.IsMarked);
    });

    [Fact]
    public void The_administrators_address_of_the_same_subnet_survives_the_release_of_ours() => _a.Run(() =>
    {
        using var host = new TestHost();
        var address = host.Hold("10.0.0.1/24");
        _a.Ip("address add 10.0.0.9/24 broadcast 10.0.0.255 label eth0:x dev eth0");
        var before = Line("10.0.0.9");
        Assert.Contains("secondary", before, StringComparison.Ordinal);
        host.Release(address);
        Assert.Null(Find(address));
        Assert.Equal(before.Replace(" secondary", "", StringComparison.Ordinal), Line("10.0.0.9"));

        string Line(string part) => _a.Ip("-o address show dev eth0").Split('\n').Single(l => l.Contains(part, StringComparison.Ordinal));
    });

    [Theory]
    [InlineData("10.0.0.1/32")]
    [InlineData("10.0.0.1/24")]
    [InlineData("2001:db8::1/128")]
    public void What_LinK_left_without_a_mark_is_adopted_in_place_and_only_that(string text) => _a.Run(() =>
    {
        using var host = new TestHost();
        var left = VirtualAddress.Parse(text);
        _a.Ip($"address add {left} dev eth0 nodad");
        _a.Ip("address add 10.0.0.77/32 dev eth0");
        _a.Ip("address add 10.0.0.78/32 dev eth0 valid_lft 100 preferred_lft 100");
        var wanted = new[] { text, "10.0.0.78/32", "10.0.0.79/32" }.Select(t => (VirtualAddress.Parse(t), "eth0")).ToList();

        Assert.Equal([left], host.Network.AdoptUnmarked(wanted, 16));
        var record = Find(left)!;
        Assert.True(record.IsMarked);
        Assert.InRange(record.ValidSeconds!.Value, 1u, 16u);
        Assert.All(new[] { "10.0.0.77/32", "10.0.0.78/32" }, other => Assert.False(Find(VirtualAddress.Parse(other))!.IsMarked));

        // Held: as if it had been ours all the time. Not wanted: it goes.
        host.Hold(text);
        Assert.Equal([$"held {left}"], host.Events.Lines);
        host.Release(left);
        Assert.Null(Find(left));
    });

    [Fact]
    public void Leftovers_are_recognised_adopted_or_removed_and_others_stay() => _a.Run(() =>
    {
        _a.Ip("address add 10.0.0.9/24 dev eth0");
        var addresses = new[] { "10.0.0.1/32", "10.0.0.2/32", "10.0.0.3/24", "2001:db8::1/128", "2001:db8::2/128" };
        using (var earlier = new TestHost())
        {
            foreach (var text in addresses)
                earlier.Hold(text);
        }

        using var host = new TestHost();
        Assert.Equal(addresses.Order(), host.Network.Leftovers().Select(l => l.Address.ToString()).Order());
        Assert.All(host.Network.Leftovers(), l => Assert.Equal("eth0", l.InterfaceName));

        using var spectator = new RtNetlinkSpectator();
        var adopted = host.Hold("10.0.0.1/32", lifetime: 30);
        host.Hold("2001:db8::1/128", lifetime: 30);
        Assert.Empty(spectator.Removed());
        Assert.InRange(Find(adopted)!.ValidSeconds!.Value, 1u, 30u);

        Assert.Equal(2, host.Network.RemoveLeftovers(new HashSet<VirtualAddress> { VirtualAddress.Parse("10.0.0.3/24") }));
        Assert.Equal(
            ["10.0.0.1/32", "10.0.0.3/24", "10.0.0.9/24", "2001:db8::1/128"],
            Dump().Select(r => r.Address.ToString()).Where(a => !a.StartsWith("fe80", StringComparison.Ordinal) && !a.StartsWith("127.", StringComparison.Ordinal) && a != "::1/128").Order());
    });

    [Fact]
    public void A_changed_prefix_length_of_a_leftover_is_corrected() => _a.Run(() =>
    {
        using (var earlier = new TestHost())
            earlier.Hold("2001:db8::1/64");
        using var host = new TestHost();
        var address = host.Hold("2001:db8::1/128");
        Assert.Equal(128, Dump().Single(r => r.Address.Host == address.Host).Address.PrefixLength);
    });

    [Fact]
    public void Release_and_hold_in_one_turn_do_nothing_to_the_address() => _a.Run(() =>
    {
        using var host = new TestHost();
        var address = host.Hold("10.0.0.1/32");
        using var spectator = new RtNetlinkSpectator();
        host.Network.Release(address.Host);
        host.Network.Hold(address, "eth0", 30, TestHost.Now);
        host.Network.Flush(TestHost.Now);
        Assert.Empty(spectator.Removed());
        Assert.NotNull(Find(address)!.ValidSeconds);
    });

    [Theory]
    [InlineData("10.0.0.1/32")]
    [InlineData("2001:db8::1/128")]
    public void An_address_survives_its_interface_going_down_and_up(string text) => _a.Run(() =>
    {
        using var host = new TestHost();
        var address = host.Hold(text);
        _a.Ip("link set eth0 down");
        host.Until(() => host.Network.Fault("eth0") == "eth0 is down", "down");
        _a.Ip("link set eth0 up");
        host.Until(() => host.Network.Fault("eth0") is null && Find(address) is not null, "up with its address");
        Assert.DoesNotContain(host.Events.Lines, l => l.StartsWith("lost", StringComparison.Ordinal));
    });

    [Fact]
    public void A_cable_that_is_pulled_out_is_told() => _a.Run(() =>
    {
        using var host = new TestHost();
        Assert.Null(host.Network.Fault("eth0"));
        Assert.Equal("eth5 does not exist", host.Network.Fault("eth5"));
        _b.Ip("link set eth0 down");
        host.Until(() => host.Network.Fault("eth0") == "eth0 has no carrier", "no carrier");
        _b.Ip("link set eth0 up");
        host.Until(() => host.Network.Fault("eth0") is null, "carrier");
    });

    [Fact]
    public void An_address_follows_its_interfaces_name_and_comes_back_with_it() => _a.Run(() =>
    {
        using var host = new TestHost();
        var address = host.Hold("10.0.0.1");
        var address6 = host.Hold("2001:db8::1");

        _a.Ip("link set eth0 down");
        _a.Ip("link set eth0 name eth9");
        host.Until(() => host.Network.Fault("eth0") == "eth0 does not exist" && Find(address) is null, "renamed");
        _a.Ip("link set eth9 name eth0");
        _a.Ip("link set eth0 up");
        host.Until(() => Find(address) is not null && Find(address6) is not null, "named as before");

        _a.Ip("link del eth0");
        host.UntilTold("link eth0: Deleted");
        Assert.Equal("eth0 does not exist", host.Network.Fault("eth0"));
        NetworkNamespace.Connect(_a, _b);
        host.Until(() => Find(address) is not null && Find(address6) is not null, "re-created");
        host.Release(address);
        Assert.Null(Find(address));
    });

    [Fact]
    public void An_interface_that_does_not_exist_yet_gets_its_address_when_it_comes() => _a.Run(() =>
    {
        using var host = new TestHost();
        var address = host.Hold("10.0.0.1", "eth1");
        Assert.Empty(host.Events.Lines);
        NetworkNamespace.Connect(_a, _b, "eth1", "eth1");
        host.UntilTold($"held {address}");
    });

    [Fact]
    public void Errors_say_what_where_why_and_what_to_do() => _a.Run(() =>
    {
        using var kernel = new RtNetlink();
        var nowhere = new NetworkLink(4711, "eth7", null, true, true, false, false);
        var error = kernel.Change(new AddressRequest(AddressRequestKind.Add, nowhere, VirtualAddress.Parse("10.0.0.1/32")))!;
        Assert.Equal(19, error.Number);
        Assert.Contains("add 10.0.0.1/32 to eth7", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("No such device", error.ToString(), StringComparison.Ordinal);
        Assert.Contains("ip link", error.ToString(), StringComparison.Ordinal);

        using var host = new TestHost();
        host.Hold("224.0.0.1/32");
        host.Hold("ff02::7/128");
        Assert.Contains(host.Events.Lines, l => l.StartsWith("failed ff02::7/128: add ff02::7/128 to eth0", StringComparison.Ordinal));
    });

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_thousand_addresses_cost_few_system_calls(bool isIPv6) => _a.Run(() =>
    {
        using var kernel = new RtNetlink();
        var link = kernel.DumpLinks().Single(l => l.Name == "eth0");
        var addresses = Enumerable.Range(0, 1000).Select(i => VirtualAddress.Parse(isIPv6 ? $"2001:db8::{i:x}:1" : $"10.1.{i >> 8}.{i & 255}")).ToList();
        var errors = new Link.Core.Net.Linux.KernelError?[addresses.Count];
        var before = kernel.SystemCalls;
        kernel.Change([.. addresses.Select(a => new AddressRequest(AddressRequestKind.Add, link, a, 60))], errors);
        Assert.All(errors, Assert.Null);
        kernel.Change([.. addresses.Select(a => new AddressRequest(AddressRequestKind.Refresh, link, a, 90))], errors);
        Assert.All(errors, Assert.Null);
        Assert.Equal(1000, kernel.DumpAddresses(link.Index).Count(r => r.IsMarked && r.ValidSeconds > 60));
        kernel.Change([.. addresses.Select(a => new AddressRequest(AddressRequestKind.Remove, link, a))], errors);
        Assert.All(errors, Assert.Null);
        Assert.DoesNotContain(kernel.DumpAddresses(link.Index), r => r.IsMarked);
        Assert.InRange(kernel.SystemCalls - before, 1, 150);
    });

    [Fact]
    public void Thousands_of_addresses_are_held_and_released_in_several_turns() => _a.Run(() =>
    {
        using var host = new TestHost();
        var addresses = Enumerable.Range(0, 2000).Select(i => VirtualAddress.Parse($"10.1.{i >> 8}.{i & 255}"))
            .Concat(Enumerable.Range(0, 500).Select(i => VirtualAddress.Parse($"2001:db8::{i:x}:1"))).ToList();
        foreach (var address in addresses)
            host.Network.Hold(address, "eth0", 60, TestHost.Now);
        host.Until(() => host.Events.Lines.Count >= addresses.Count, "all held");
        Assert.Equal(addresses.Count, Dump().Count(r => r.IsMarked));
        Assert.All(host.Events.Lines, l => Assert.StartsWith("held", l, StringComparison.Ordinal));
        foreach (var address in addresses)
            host.Network.Release(address.Host);
        host.Until(() => host.Network.NextDueMs is null, "nothing left to do");
        Assert.DoesNotContain(Dump(), r => r.IsMarked);
    });

    [Fact]
    public void Lost_notices_are_made_up_for_by_reading_everything_again() => _a.Run(() =>
    {
        using var host = new TestHost();
        var address = host.Hold("10.0.0.1");
        // Without a turn of the loop, the buffer overflows; what we look for comes after that.
        using var kernel = new RtNetlink();
        var link = kernel.DumpLinks().Single(l => l.Name == "lo");
        var flood = Enumerable.Range(0, 500).Select(i => new AddressRequest(AddressRequestKind.Add, link, VirtualAddress.Parse($"10.9.{i >> 8}.{i & 255}"))).ToArray();
        var undo = flood.Select(f => f with { Kind = AddressRequestKind.Remove }).ToArray();
        var errors = new Link.Core.Net.Linux.KernelError?[500];
        for (var i = 0; i < 40; i++)
        {
            kernel.Change(flood, errors);
            kernel.Change(undo, errors);
        }

        _a.Ip("link set eth0 down");
        _a.Ip("address del 10.0.0.1/32 dev eth0");
        NetworkNamespace.Connect(_a, _b, "eth1", "eth1");
        _a.Ip("link set eth0 up");
        host.Until(() => Find(address) is not null && host.Network.Fault("eth1") is null && host.Network.Fault("eth0") is null, "everything known again");
        Assert.Equal(1, host.Network.TimesNoticesLost);
    });

    private static List<AddressRecord> Dump()
    {
        using var kernel = new RtNetlink();
        return kernel.DumpAddresses();
    }

    private static AddressRecord? Find(VirtualAddress address) => Dump().SingleOrDefault(r => r.Address == address);
}
