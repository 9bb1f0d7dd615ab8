using Link.Core.Net;
using Xunit;

namespace Link.Tests.Net;

public sealed class AnnouncerTests
{
    private static readonly MacAddress s_mac = MacAddress.Parse("02:00:00:00:00:01");
    private static readonly HostAddress s_address = HostAddress.Parse("10.0.0.1");

    private readonly LinkTable _links = new();
    private readonly FakeFrames _frames = new();

    public AnnouncerTests() => SetLink();

    [Fact]
    public void The_first_announcement_leaves_at_once_as_request_and_reply()
    {
        var announcer = Announcer(new AnnounceOptions());
        announcer.Start(s_address, "eth0", 0);
        announcer.Tick(0);
        Assert.Equal(2, _frames.Sent.Count);
        Assert.All(_frames.Sent, f => Assert.Equal(MacAddress.Broadcast, f.Destination));
        Assert.Equal(1, _frames.Sent[0].Payload[7]);
        Assert.Equal(2, _frames.Sent[1].Payload[7]);
    }

    [Fact]
    public void Rounds_follow_past_the_lock_time_and_then_the_slow_refresh()
    {
        var announcer = Announcer(new AnnounceOptions { Rounds = 3, RoundIntervalMs = 1100, RefreshMs = 60_000 });
        announcer.Start(s_address, "eth0", 0);
        List<long> times = [];
        for (var now = 0L; times.Count < 6; now = announcer.NextDueMs!.Value)
        {
            announcer.Tick(now);
            if (_frames.TakeAddresses().Count > 0)
                times.Add(now);
        }

        Assert.Equal([0, 1100, 2200], times[..3]);
        Assert.All(times.Skip(3).Zip(times.Skip(2)), pair => Assert.InRange(pair.First - pair.Second, 45_000, 75_000));
    }

    [Fact]
    public void The_first_round_of_all_addresses_comes_before_the_second_of_any()
    {
        var announcer = Announcer(new AnnounceOptions { Rounds = 2, Burst = 200, FramesPerSecond = 1000 });
        var addresses = Addresses(2000).ToList();
        foreach (var address in addresses)
            announcer.Start(address, "eth0", 0);
        announcer.Tick(0);
        Assert.Equal(200, _frames.Sent.Count);

        List<HostAddress> order = [];
        for (var now = 0L; order.Count < 8000; now = announcer.NextDueMs!.Value)
        {
            announcer.Tick(now);
            // A burst, and then no more than the rate.
            order.AddRange(_frames.TakeAddresses());
            Assert.InRange(order.Count, 0, 200 + now);
        }

        Assert.Equal(addresses, order.Take(4000).Where((_, i) => i % 2 == 0));
        Assert.Equal(addresses, order.Skip(4000).Where((_, i) => i % 2 == 0));
    }

    [Fact]
    public void Nothing_leaves_after_silence_even_from_the_queue()
    {
        var announcer = Announcer(new AnnounceOptions { Burst = 2 });
        announcer.Start(HostAddress.Parse("10.0.0.2"), "eth0", 0);
        announcer.Start(s_address, "eth0", 0);
        announcer.Tick(0);
        announcer.Silence(s_address);
        for (var now = 0L; now < 200_000; now = announcer.NextDueMs!.Value)
            announcer.Tick(now);
        Assert.DoesNotContain(s_address, _frames.TakeAddresses());
        announcer.Silence(HostAddress.Parse("10.0.0.2"));
        announcer.Tick(200_000);
        Assert.Null(announcer.NextDueMs);
    }

    [Fact]
    public void Doubts_restart_the_rounds_at_most_once_a_second()
    {
        var announcer = Announcer(new AnnounceOptions { Rounds = 1, RefreshMs = 0 });
        announcer.Start(s_address, "eth0", 0);
        announcer.Tick(0);
        Assert.Null(announcer.NextDueMs);
        for (var now = 1L; now < 3000; now++)
        {
            announcer.AnnounceAgain(s_address, now);
            announcer.Tick(now);
        }

        // At 0, 1000 and 2000.
        Assert.Equal(3 * 2, _frames.Sent.Count);
    }

    [Fact]
    public void Nothing_is_sent_while_the_interface_is_down_and_the_rounds_start_again_when_it_is_up()
    {
        SetLink(carrier: false);
        var announcer = Announcer(new AnnounceOptions { Rounds = 2 });
        announcer.Start(s_address, "eth0", 0);
        announcer.Tick(0);
        announcer.Tick(2000);
        Assert.Empty(_frames.Sent);
        SetLink();
        announcer.AnnounceAllAgain("eth0", 5000);
        announcer.Tick(5000);
        Assert.Equal(2, _frames.Sent.Count);
    }

    [Fact]
    public void An_address_on_the_loopback_is_not_announced()
    {
        _links.Set(new NetworkLink(1, "lo", default(MacAddress), IsUp: true, HasCarrier: true, IsLoopback: true, HasNoArp: false), out _);
        _links.Set(new NetworkLink(9, "tun0", s_mac, IsUp: true, HasCarrier: true, IsLoopback: false, HasNoArp: true), out _);
        var announcer = Announcer(new AnnounceOptions());
        announcer.Start(s_address, "lo", 0);
        announcer.Start(HostAddress.Parse("10.0.0.2"), "tun0", 0);
        announcer.Tick(0);
        Assert.Empty(_frames.Sent);
    }

    [Fact]
    public void Refreshes_of_many_addresses_spread()
    {
        var announcer = Announcer(new AnnounceOptions { Rounds = 1, Burst = 10_000, RefreshMs = 60_000 });
        foreach (var address in Addresses(600))
            announcer.Start(address, "eth0", 0);
        announcer.Tick(0);
        _frames.Sent.Clear();
        var most = 0;
        for (var now = 40_000L; now < 76_000; now += 1000)
        {
            announcer.Tick(now);
            most = Math.Max(most, _frames.TakeAddresses().Count / 2);
        }

        Assert.InRange(most, 1, 60);
    }

    private static IEnumerable<HostAddress> Addresses(int count)
        => Enumerable.Range(0, count).Select(i => new HostAddress([10, 1, (byte)(i >> 8), (byte)i]));

    private Announcer Announcer(AnnounceOptions options) => new(options, _links, _frames, new Random(1));

    private void SetLink(bool carrier = true)
        => _links.Set(new NetworkLink(2, "eth0", s_mac, IsUp: true, carrier, IsLoopback: false, HasNoArp: false), out _);
}
