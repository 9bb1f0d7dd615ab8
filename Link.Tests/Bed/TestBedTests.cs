using System.Net;
using Xunit;

namespace Link.Tests.Bed;

/// <summary>The bed measures what it says, with moves made by hand.</summary>
public sealed class TestBedTests(ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private TestBed _bed = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(TestBed.Unavailable is not null, TestBed.Unavailable ?? "");
        _bed = await TestBed.StartAsync(new BedOptions { Hosts = 2, EtcdMembers = 0 });
    }

    public async ValueTask DisposeAsync()
    {
        if (_bed is not null)
            await _bed.DisposeAsync();
    }

    [Theory]
    [InlineData("10.77.0.200")]
    [InlineData("fd00:77::200")]
    public async Task A_move_by_hand_that_makes_before_it_breaks_loses_nothing(string text)
    {
        var address = IPAddress.Parse(text);
        await using var prober = await HoldAsync(address, _bed.Host(1));
        var at = BedClock.Now;
        await _bed.AddAddressAsync(_bed.Host(2), address);
        // An IPv6 address answers only once the kernel has told of it, a moment after the call that added it.
        await Wait.UntilAsync("address", () => _bed.HoldersOf(address).Contains(_bed.Host(2)), Deadline);
        TestBed.Announce(_bed.Host(2).Namespace, address, _bed.Host(2).Mac);
        await prober.MoreRequestsAsync(100);
        await _bed.RemoveAddressAsync(_bed.Host(1), address);
        await prober.MoreRequestsAsync(100);

        var outcome = await OutcomeAsync(prober, address, at);
        Assert.Equal(0, outcome.Lost);
        Assert.Equal("h2", outcome.NewHost);
        Assert.Equal(0, outcome.Nobody);
        Assert.True(outcome.TwoHolders >= 50);
        Assert.Equal(1, outcome.Moves);
        Assert.Equal(_bed.Host(2).Mac, _bed.ClientNeighbour(address));
    }

    [Theory]
    [InlineData("10.77.0.200")]
    [InlineData("fd00:77::200")]
    public async Task An_outage_is_measured_by_the_requests_it_cost(string text)
    {
        var address = IPAddress.Parse(text);
        await using var prober = await HoldAsync(address, _bed.Host(1));
        var at = BedClock.Now;
        await _bed.RemoveAddressAsync(_bed.Host(1), address);
        await Wait.UntilAsync("no answers", () => prober.Current is null, Deadline);
        await _bed.AddAddressAsync(_bed.Host(2), address);
        TestBed.Announce(_bed.Host(2).Namespace, address, _bed.Host(2).Mac);
        await prober.AnotherAnswersAsync(_bed.Host(1), Deadline);
        await prober.MoreRequestsAsync(100);

        var outcome = await OutcomeAsync(prober, address, at);
        Assert.True(outcome.Lost >= 90);
        Assert.InRange(outcome.Outage, outcome.Lost * 0.9, (outcome.Lost * 1.1) + 5 + outcome.ProberStalled);
        // A stall of the prober is part of the outage, and is not silence.
        Assert.InRange(outcome.LongestSilence, outcome.Outage - 10 - outcome.ProberStalled, outcome.Outage + 10 + outcome.ProberStalled);
        Assert.True(outcome.Nobody >= 90);
        Assert.Equal(0, outcome.TwoHolders);
        Assert.Equal("h2", outcome.NewHost);
    }

    [Fact]
    public async Task Only_an_announcement_moves_the_address_for_the_client()
    {
        var address = TestBed.Vip;
        await using var prober = await HoldAsync(address, _bed.Host(1));
        await _bed.AddAddressAsync(_bed.Host(2), address);
        await prober.MoreRequestsAsync(300);
        Assert.Equal(_bed.Host(1).Mac, prober.Snapshot().Answers[^1].From);
        Assert.Equal([_bed.Host(1), _bed.Host(2)], _bed.HoldersOf(address));

        TestBed.Announce(_bed.Host(2).Namespace, address, _bed.Host(2).Mac);
        await prober.AnotherAnswersAsync(_bed.Host(1), Deadline);
        Assert.Single((await prober.FinishAsync()).Sightings, sighting => sighting.Gratuitous && sighting.Sender == _bed.Host(2).Mac);
    }

    [Fact]
    public async Task A_pulled_cable_silences_a_host_and_a_reset_heals_it()
    {
        var address = TestBed.Vip;
        await using var prober = await HoldAsync(address, _bed.Host(1));
        await _bed.SetLinkAsync(_bed.Host(1), up: false);
        await Wait.UntilAsync("no answers", () => prober.Current is null, Deadline);

        await _bed.ResetAsync();
        Assert.Empty(_bed.HoldersOf(address));
        await using var again = await HoldAsync(address, _bed.Host(1));
    }

    [Fact]
    public async Task A_renamed_interface_comes_back_with_a_reset()
    {
        await _bed.RenameInterfaceAsync(_bed.Host(1), "eth0", "eth7");
        await _bed.ResetAsync();
        await using var prober = await HoldAsync(TestBed.Vip, _bed.Host(1));
    }

    [Fact]
    public async Task Garbage_collections_of_this_process_are_no_outage()
    {
        var address = TestBed.Vip;
        await using var prober = await HoldAsync(address, _bed.Host(1));
        var at = BedClock.Now;
        for (var i = 0; i < 10; i++)
        {
            GC.Collect();
            await prober.MoreRequestsAsync(20);
        }

        var outcome = await OutcomeAsync(prober, address, at);
        Assert.Equal(0, outcome.Lost);
        Assert.Equal(0, outcome.Moves);
    }

    private async Task<Prober> HoldAsync(IPAddress address, AgentHost host)
    {
        await _bed.AddAddressAsync(host, address);
        TestBed.Announce(host.Namespace, address, host.Mac);
        var prober = _bed.Probe(address);
        await Wait.UntilAsync("100 answers", () => prober.Answered >= 100, Deadline);
        return prober;
    }

    private async Task<Outcome> OutcomeAsync(Prober prober, IPAddress address, long at)
    {
        var record = await prober.FinishAsync();
        var outcome = Outcome.Of(record, _bed, address, at, record.SentAt[^1], _bed.Host(1));
        output.WriteLine(outcome.ToString());
        return outcome;
    }
}
