using Link.Core.Net;
using Link.Core.Net.Linux;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Net;

/// <summary>Announcements, conflicts and questions between real kernels. The other side is the kernel of another namespace, or a host like ours.</summary>
public sealed class HostNetworkTests : IDisposable
{
    private readonly NetworkNamespace _a = new();
    private readonly NetworkNamespace _b = new();

    public HostNetworkTests()
    {
        NetworkNamespace.Connect(_a, _b);
        // Fixed, so that it is known which is the lower one.
        _a.Ip("link set eth0 address 02:00:00:00:00:0a");
        _b.Ip("link set eth0 address 02:00:00:00:00:0b");
        _a.Ip("address add 10.0.0.8/24 dev eth0");
        _b.Ip("address add 10.0.0.9/24 dev eth0");
        _a.Ip("address add 2001:db8::8/64 dev eth0 nodad");
        _b.Ip("address add 2001:db8::9/64 dev eth0 nodad");
    }

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("2001:db8::1")]
    public void The_first_announcement_moves_a_neighbours_cache_even_within_its_lock_time(string address) => _a.Run(() =>
    {
        using var host = new TestHost(new AnnounceOptions { Rounds = 1, RefreshMs = 0 });
        // Just written: Linux refuses most updates for the next second.
        _b.Ip($"neighbour replace {address} lladdr 02:00:00:00:00:99 dev eth0 nud reachable");
        host.Hold(address);
        host.Until(() => _b.Ip($"neighbour show {address}").Contains("02:00:00:00:00:0a", StringComparison.Ordinal), "the neighbour learns");
        Assert.True(host.Network.Announcer.FramesSent is 1 or 2);
        Assert.Null(host.Network.NextDueMs);
    });

    [Fact]
    public void A_router_says_so() => _a.Run(() =>
    {
        _a.Execute("sysctl", "-qw net.ipv6.conf.eth0.forwarding=1");
        Assert.True(Forwarding.IsOn("eth0"));
        Assert.False(_b.Run(() => Forwarding.IsOn("eth0")));
        using var host = new TestHost(new AnnounceOptions { Rounds = 1, RefreshMs = 0 });
        _b.Ip("neighbour replace 2001:db8::1 lladdr 02:00:00:00:00:99 dev eth0 nud reachable");
        host.Hold("2001:db8::1");
        host.Until(() => _b.Ip("neighbour show 2001:db8::1").Contains("02:00:00:00:00:0a router", StringComparison.Ordinal), "the neighbour learns");
    });

    [Fact]
    public void A_changed_hardware_address_is_announced() => _a.Run(() =>
    {
        using var host = new TestHost(new AnnounceOptions { Rounds = 1, RefreshMs = 0 });
        host.Hold("10.0.0.1");
        _b.Ip("neighbour replace 10.0.0.1 lladdr 02:00:00:00:00:0a dev eth0 nud reachable");
        _a.Ip("link set eth0 address 02:00:00:00:00:1a");
        host.Until(() => _b.Ip("neighbour show 10.0.0.1").Contains("02:00:00:00:00:1a", StringComparison.Ordinal), "the neighbour learns");
    });

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("2001:db8::1")]
    public void A_rival_is_heard_on_both_sides(string address)
    {
        using var a = _a.Run(() => new TestHost());
        using var b = _b.Run(() => new TestHost());
        a.Hold(address);
        b.Network.Watch(HostAddress.Parse(address), "eth0");
        b.Network.Flush(TestHost.Now);
        a.Until(
            () =>
            {
                b.Turn(0);
                return b.Events.Lines.Contains($"rival {address} 02:00:00:00:00:0a");
            },
            "the standby hears the holder's next round");
        b.Hold(address);
        a.Until(
            () =>
            {
                // An IPv6 address is announced when the kernel has told that it works.
                b.Turn(0);
                return a.Events.Lines.Contains($"rival {address} 02:00:00:00:00:0b");
            },
            "the first holder hears the second");
        Assert.DoesNotContain(a.Events.Lines, l => l.Contains("00:0a", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("2001:db8::1")]
    public void The_kernel_of_a_holder_answers_a_question_and_nobody_answers_for_a_free_address(string text) => _a.Run(() =>
    {
        _b.Ip($"address add {VirtualAddress.Parse(text)} dev eth0{(text.Contains(':', StringComparison.Ordinal) ? " nodad" : "")}");
        AwaitQuestions(text);
        using var host = new TestHost();
        var address = HostAddress.Parse(text);
        List<LanAnswer> answers = [];
        host.Network.Ask(address, "eth0", TestHost.Now, answers.Add);
        host.Until(() => answers.Count > 0, "an answer");
        Assert.Equal(new LanAnswer(address, LanVerdict.Answered, MacAddress.Parse("02:00:00:00:00:0b")), answers[0]);

        _b.Ip($"address del {VirtualAddress.Parse(text)} dev eth0");
        host.Network.Ask(address, "eth0", TestHost.Now, answers.Add);
        host.Until(() => answers.Count > 1, "silence");
        Assert.Equal(new LanAnswer(address, LanVerdict.Silent), answers[1]);
    });

    [Theory]
    [InlineData("10.0.0.1")]
    [InlineData("2001:db8::1")]
    public void Of_two_hosts_that_ask_at_once_one_goes_on(string text)
    {
        using var a = _a.Run(() => new TestHost());
        using var b = _b.Run(() => new TestHost());
        var address = HostAddress.Parse(text);
        List<LanAnswer> answersA = [], answersB = [];
        a.Network.Ask(address, "eth0", TestHost.Now, answersA.Add);
        b.Network.Ask(address, "eth0", TestHost.Now, answersB.Add);
        a.Until(
            () =>
            {
                b.Turn(0);
                return answersA.Count > 0 && answersB.Count > 0;
            },
            "both verdicts");
        Assert.Equal(LanVerdict.Silent, answersA[0].Verdict);
        Assert.Equal(new LanAnswer(address, LanVerdict.Contended, MacAddress.Parse("02:00:00:00:00:0a")), answersB[0]);
    }

    [Fact]
    public void A_probe_for_an_address_that_we_hold_is_heard()
    {
        using var a = _a.Run(() => new TestHost());
        using var b = _b.Run(() => new TestHost());
        a.Hold("10.0.0.1");
        a.Hold("2001:db8::1");
        foreach (var text in new[] { "10.0.0.1", "2001:db8::1" })
        {
            b.Network.Ask(HostAddress.Parse(text), "eth0", TestHost.Now, _ => { });
            b.Network.Flush(TestHost.Now);
            a.UntilTold($"probe {text} 02:00:00:00:00:0b");
        }
    }

    [Fact]
    public void The_kernel_drops_what_is_not_about_our_addresses() => _a.Run(() =>
    {
        using var host = new TestHost();
        host.Hold("10.0.0.1");
        using var b = _b.Run(() => new PacketFramesOfB());
        var frame = new byte[ArpPacket.Size];
        var rival = MacAddress.Parse("02:00:00:00:00:77");
        for (var i = 2; i < 250; i++)
        {
            ArpPacket.Announcement(rival, new HostAddress([10, 0, 0, (byte)i])).Write(frame);
            Assert.Equal(0, b.Send(frame));
        }

        ArpPacket.Announcement(rival, HostAddress.Parse("10.0.0.1")).Write(frame);
        Assert.Equal(0, b.Send(frame));
        host.UntilTold("rival 10.0.0.1 02:00:00:00:00:77");
        Assert.Equal(0, host.Network.PacketCounts[(int)IgnoredBecause.NotWatched]);
    });

    [Fact]
    public void A_flood_of_claims_is_told_a_few_times() => _a.Run(() =>
    {
        using var host = new TestHost();
        host.Hold("10.0.0.1");
        using var b = _b.Run(() => new PacketFramesOfB());
        var frame = new byte[ArpPacket.Size];
        ArpPacket.Announcement(MacAddress.Parse("02:00:00:00:00:77"), HostAddress.Parse("10.0.0.1")).Write(frame);
        var start = TestHost.Now;
        for (var i = 0; i < 20_000; i++)
        {
            _ = b.Send(frame);
            if (i % 100 == 0)
                host.Turn(0);
        }

        var quarters = ((TestHost.Now - start) / LanWatch.RepeatMs) + 1;
        Assert.InRange(host.Events.Lines.Count(l => l.StartsWith("rival", StringComparison.Ordinal)), 1, quarters);
    });

    [Fact]
    public void Hundreds_of_addresses_pass_the_filter_too() => _a.Run(() =>
    {
        using var host = new TestHost();
        using var b = _b.Run(() => new PacketFramesOfB());
        var frame = new byte[ArpPacket.Size];
        foreach (var count in new[] { LanFilter.MaxAddresses, LanFilter.MaxAddresses + 200 })
        {
            for (var i = 0; i < count; i++)
                host.Network.Watch(new HostAddress([10, 2, (byte)(i >> 8), (byte)i]), "eth0");
            host.Network.Flush(TestHost.Now);
            var last = new HostAddress([10, 2, (byte)((count - 1) >> 8), (byte)(count - 1)]);
            ArpPacket.Announcement(MacAddress.Parse("02:00:00:00:00:77"), last).Write(frame);
            Assert.Equal(0, b.Send(frame));
            host.UntilTold($"rival {last} 02:00:00:00:00:77");
        }
    });

    /// <summary>Sends ARP from the other namespace's eth0.</summary>
    /// <summary>The kernel joins the group to which an IPv6 address is asked for a moment after the call that added it.</summary>
    private void AwaitQuestions(string address)
    {
        for (var end = TestHost.Now + 60_000; address == "2001:db8::1" && !_b.Ip("maddress show dev eth0").Contains("ff02::1:ff00:1", StringComparison.Ordinal);)
            Assert.True(TestHost.Now < end, "never asked for");
    }

    private sealed class PacketFramesOfB : IDisposable
    {
        private readonly PacketFrames _frames = new();
        private readonly int _index;

        public PacketFramesOfB()
        {
            using var kernel = new RtNetlink();
            _index = kernel.DumpLinks().Single(l => l.Name == "eth0").Index;
        }

        public int Send(byte[] frame) => _frames.Send(_index, IfArp.ETH_P_ARP, MacAddress.Broadcast, frame);

        public void Dispose() => _frames.Dispose();
    }
}
