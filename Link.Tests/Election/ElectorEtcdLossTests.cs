using Link.Core.Election;
using Xunit;

namespace Link.Tests.Election;

/// <summary>etcd is silent: policies, the LAN's word, rivals.</summary>
public sealed class ElectorEtcdLossTests
{
    [Fact]
    public void Claim_takes_what_nobody_on_the_lan_answers_for()
    {
        var driver = new ElectorDriver().StandBy().Wait(8_000, renew: false);
        driver.Only<ElectorEffect.AskLan>();
        driver.Give(new ElectorInput.LanSilent(ElectorDriver.Id));
        Assert.Equal(EndpointState.Activated, driver.State);
        Assert.Equal(0, driver.Only<ElectorEffect.Activate>().Revision);
        Assert.True(driver.Endpoint.ClaimedOnLan);
    }

    [Fact]
    public void A_host_that_is_answered_stands_by_and_asks_again()
    {
        var driver = new ElectorDriver().StandBy().Wait(8_000, renew: false);
        driver.Give(new ElectorInput.LanAnswered(ElectorDriver.Id, "02:00:00:00:00:01"));
        Assert.Equal(EndpointState.Standby, driver.State);
        Assert.True(driver.Wait(3_000, renew: false).Did<ElectorEffect.AskLan>());
    }

    [Theory]
    [InlineData(nameof(EtcdLossPolicy.Hold))]
    [InlineData(nameof(EtcdLossPolicy.Release))]
    public void Hold_and_release_never_take(string policy)
    {
        var driver = new ElectorDriver(Enum.Parse<EtcdLossPolicy>(policy)).StandBy().Wait(30_000, renew: false);
        Assert.False(driver.Did<ElectorEffect.AskLan>());
        Assert.Equal(EndpointState.Standby, driver.State);
    }

    [Fact]
    public void Hosts_ask_in_the_order_of_their_names_without_the_last_holder()
    {
        long first = FirstQuestion("b");
        Assert.Equal(new ElectorOptions { Hostname = "", Instance = "" }.WitnessStepMs, FirstQuestion("c") - first);

        // Milliseconds until the first question, when a holds and b and c stand by.
        static long FirstQuestion(string host)
        {
            var driver = new ElectorDriver(options: new ElectorOptions { Hostname = host, Instance = host, KeepAliveIntervalMs = 1_000 }).StandBy();
            long from = driver.NowMs;
            while (!driver.Wait(10, renew: false).Did<ElectorEffect.AskLan>())
                Assert.True(driver.NowMs - from < 20_000);
            return driver.NowMs - from;
        }
    }

    [Fact]
    public void A_rival_is_answered_while_the_lock_is_ours()
    {
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.RivalHeard(ElectorDriver.Id, "02:00:00:00:00:01"));
        Assert.Equal(EndpointState.Activated, driver.State);
        driver.Wait(driver.Options.DefendDelayMs).Only<ElectorEffect.Announce>();
        Assert.Equal(1, driver.Endpoint.Rivals);
    }

    [Fact]
    public void A_rival_is_followed_once_our_lease_may_have_ended()
    {
        var driver = new ElectorDriver().Hold("a").Wait(5_500, renew: false);
        Assert.Equal(EndpointState.Activated, driver.State);
        driver.Give(new ElectorInput.RivalHeard(ElectorDriver.Id, "02:00:00:00:00:01")).Only<ElectorEffect.Deactivate>();
        Assert.False(driver.Did<ElectorEffect.Activate>());
        Assert.Equal(EndpointState.Standby, driver.State);
    }

    [Fact]
    public void A_claim_waits_for_the_rival_to_show_itself_when_etcd_is_back()
    {
        var driver = Claimed();
        driver.Give(driver.Renewed(ElectorDriver.Lease)).Answer(driver.LockOf("a"), applied: false);
        Assert.Equal(EndpointState.Activated, driver.State);
        driver.Give(new ElectorInput.RivalHeard(ElectorDriver.Id, "02:00:00:00:00:01"));
        Assert.Equal(EndpointState.Standby, driver.State);
    }

    [Fact]
    public void A_claim_asks_for_the_holder_that_etcd_names()
    {
        var driver = Claimed();
        driver.Give(driver.Renewed(ElectorDriver.Lease)).Answer(driver.LockOf("a"), applied: false);
        driver.Only<ElectorEffect.AskLan>();
        driver.Give(new ElectorInput.LanAnswered(ElectorDriver.Id, "02:00:00:00:00:01"));
        Assert.Equal(EndpointState.Activated, driver.State);
        driver.Wait(2_000).Only<ElectorEffect.AskLan>();
    }

    [Fact]
    public void A_claim_ends_when_the_holder_in_etcd_has_had_its_time()
    {
        var driver = Claimed();
        driver.Give(driver.Renewed(ElectorDriver.Lease)).Answer(driver.LockOf("a"), applied: false);
        driver.Wait(7_000);
        Assert.Equal(EndpointState.Standby, driver.State);
    }

    [Fact]
    public void A_lease_that_outlived_its_deadline_does_not_bring_an_old_lock_back()
    {
        var driver = new ElectorDriver(EtcdLossPolicy.Release).Hold("a").Wait(20_000, renew: false);
        driver.Give(driver.Renewed(ElectorDriver.Lease));
        Assert.Equal(EndpointState.Standby, driver.State);
        driver.Answer(driver.Ours, applied: false).Only<ElectorEffect.Activate>();
    }

    [Fact]
    public void When_etcd_is_back_the_host_that_has_the_address_takes_the_lock_first()
    {
        var claimed = Claimed();
        claimed.Give(claimed.Renewed(ElectorDriver.Lease));
        Assert.Equal(LockOperation.Take, claimed.Sent());
        var idle = new ElectorDriver().StandBy().Wait(8_000, renew: false);
        idle.Give(new ElectorInput.LanAnswered(ElectorDriver.Id, "x")).Give(idle.Renewed(ElectorDriver.Lease));
        Assert.Equal(LockOperation.Observe, idle.Sent());
        idle.Answer(null);
        Assert.False(idle.Did<ElectorEffect.Transact>());
        Assert.Equal(LockOperation.Take, idle.Wait(idle.Options.ReturnDelayMs).Sent());
    }

    private static ElectorDriver Claimed()
    {
        var driver = new ElectorDriver().StandBy().Wait(8_000, renew: false).Give(new ElectorInput.LanSilent(ElectorDriver.Id));
        Assert.Equal(EndpointState.Activated, driver.State);
        return driver;
    }
}
