using Link.Core.Election;
using Xunit;

namespace Link.Tests.Election;

/// <summary>Start, lease, lifetimes, pauses, wake-up times.</summary>
public sealed class ElectorLeaseTests
{
    [Fact]
    public void A_fresh_host_loads_gets_a_lease_writes_its_keys_and_takes()
    {
        var driver = new ElectorDriver();
        driver.Give(ElectorInput.Tick.Instance).Only<ElectorEffect.LoadHost>();
        driver.Give(new ElectorInput.HostLoaded(null, null, false, false, [ElectorDriver.Spec(EtcdLossPolicy.Claim)]));
        Assert.Equal(5, driver.Only<ElectorEffect.GrantLease>().TtlSeconds);
        driver.Give(new ElectorInput.LeaseGranted(ElectorDriver.Lease, 5, driver.NowMs)).Only<ElectorEffect.WriteHost>();
        Assert.False(driver.Elector.IsServing);
        driver.Give(new ElectorInput.HostWritten(ElectorDriver.Lease, 1));
        Assert.True(driver.Elector.IsServing);
        Assert.Equal(LockOperation.Take, driver.Sent());
    }

    [Fact]
    public void A_lease_of_an_earlier_process_is_used_again_once_etcd_has_confirmed_it()
    {
        var driver = new ElectorDriver();
        driver.Give(ElectorInput.Tick.Instance);
        driver.Give(new ElectorInput.HostLoaded(ElectorDriver.Lease, null, false, false, [ElectorDriver.Spec(EtcdLossPolicy.Claim)]));
        Assert.Equal(ElectorDriver.Lease, driver.Only<ElectorEffect.RenewLease>().LeaseId);
        Assert.False(driver.Did<ElectorEffect.WriteHost>());
        driver.Give(driver.Renewed(ElectorDriver.Lease)).Only<ElectorEffect.WriteHost>();
        driver.Give(new ElectorInput.HostWritten(ElectorDriver.Lease, 1)).Answer(driver.Ours, applied: false);
        Assert.Equal(EndpointState.Activated, driver.State);
    }

    [Fact]
    public void A_lease_of_an_earlier_process_that_is_gone_is_replaced()
    {
        var driver = new ElectorDriver();
        driver.Give(ElectorInput.Tick.Instance);
        driver.Give(new ElectorInput.HostLoaded(ElectorDriver.Lease, null, false, false, []));
        driver.Give(new ElectorInput.LeaseGone(ElectorDriver.Lease)).Only<ElectorEffect.GrantLease>();
    }

    [Fact]
    public void A_load_that_failed_is_repeated()
    {
        var driver = new ElectorDriver();
        driver.Give(ElectorInput.Tick.Instance).Give(new ElectorInput.HostLoadFailed("timeout"));
        Assert.False(driver.Did<ElectorEffect.LoadHost>());
        Assert.True(driver.Wait(1_000).Did<ElectorEffect.LoadHost>());
    }

    [Theory]
    [InlineData(1_500)]
    [InlineData(10_000)]
    public void Whoever_was_told_that_etcd_is_silent_is_told_when_it_answers_again(int silentMs)
    {
        var driver = new ElectorDriver().Hold("a");
        driver.Wait(silentMs, renew: false);
        Assert.Single(Notices(), text => text.StartsWith("etcd does not answer: ", StringComparison.Ordinal));
        Assert.DoesNotContain("etcd answers again", Notices());
        driver.Wait(3_000);
        Assert.Equal(["etcd answers again"], Notices());

        IEnumerable<string> Notices() => driver.Effects.OfType<ElectorEffect.Notice>().Select(notice => notice.Text);
    }

    [Fact]
    public void A_lost_lease_starts_a_new_election_and_claim_keeps_the_address_meanwhile()
    {
        var driver = new ElectorDriver().Hold("a");
        driver.Give(new ElectorInput.LeaseGone(ElectorDriver.Lease)).Only<ElectorEffect.GrantLease>();
        Assert.Equal(EndpointState.Activated, driver.State);
        driver.Give(new ElectorInput.LeaseGranted(9, 5, driver.NowMs));
        Assert.Equal((LockOperation.Create, 9), (driver.Sent(), driver.Only<ElectorEffect.Transact>().Transaction.LeaseId));
        driver.Only<ElectorEffect.WriteHost>();
        driver.Answer(driver.LockOf("a"), applied: false).Wait(driver.Options.LetGoDelayMs);
        Assert.Equal(EndpointState.Standby, driver.State);
    }

    [Fact]
    public void A_lost_lease_lets_go_at_once_with_release()
    {
        var driver = new ElectorDriver(EtcdLossPolicy.Release).Hold("a");
        driver.Give(new ElectorInput.LeaseGone(ElectorDriver.Lease)).Only<ElectorEffect.Deactivate>();
        Assert.Equal(EndpointState.Standby, driver.State);
    }

    [Theory]
    [InlineData(nameof(EtcdLossPolicy.Claim))]
    [InlineData(nameof(EtcdLossPolicy.Hold))]
    public void An_address_that_nobody_else_competes_for_has_no_lifetime(string policy)
    {
        var driver = new ElectorDriver(Enum.Parse<EtcdLossPolicy>(policy)).Hold();
        Assert.Null(driver.Only<ElectorEffect.Activate>().LifetimeSeconds);
        Assert.False(driver.Wait(5_000).Did<ElectorEffect.Extend>());
    }

    [Fact]
    public void An_address_that_others_compete_for_lives_a_second_longer_than_the_lease()
    {
        var driver = new ElectorDriver().Hold("a");
        Assert.Equal(6, driver.Only<ElectorEffect.Activate>().LifetimeSeconds);
        Assert.All(driver.Wait(3_000).Effects.OfType<ElectorEffect.Extend>(), extend => Assert.Equal(6, extend.LifetimeSeconds));
        Assert.Equal(3, driver.Effects.OfType<ElectorEffect.Extend>().Count());
    }

    [Fact]
    public void With_release_the_kernel_ends_the_address_before_the_lease_can_end()
    {
        var driver = new ElectorDriver(EtcdLossPolicy.Release).Hold();
        const int WorstLatenessMs = 350;
        Assert.InRange(driver.Only<ElectorEffect.Activate>().LifetimeSeconds!.Value * 1_000 + WorstLatenessMs, 1, 5_000);
    }

    [Fact]
    public void With_release_a_lease_too_short_for_a_lifetime_is_renewed_before_the_address_is_added()
    {
        var driver = new ElectorDriver(EtcdLossPolicy.Release).StandBy();
        driver.Wait(3_700, renew: false).SeeLock(driver.Ours);
        Assert.Equal(EndpointState.Standby, driver.State);
        driver.Give(driver.Renewed(ElectorDriver.Lease)).Only<ElectorEffect.Activate>();
    }

    [Fact]
    public void A_competitor_that_comes_or_goes_changes_the_lifetime()
    {
        var driver = new ElectorDriver().Hold();
        driver.Give(new ElectorInput.CompetitorChanged(ElectorDriver.Key, "a", true, driver.NextRevision()));
        Assert.Equal(6, driver.Only<ElectorEffect.Extend>().LifetimeSeconds);
        driver.Give(new ElectorInput.CompetitorChanged(ElectorDriver.Key, "a", false, driver.NextRevision()));
        Assert.Null(driver.Only<ElectorEffect.Extend>().LifetimeSeconds);
    }

    [Fact]
    public void Without_etcd_the_loop_prolongs_what_the_policy_keeps()
    {
        Assert.True(new ElectorDriver(EtcdLossPolicy.Hold).Hold("a").Wait(20_000, renew: false).Did<ElectorEffect.Extend>());
        var release = new ElectorDriver(EtcdLossPolicy.Release).Hold("a").Wait(20_000, renew: false);
        Assert.False(release.Did<ElectorEffect.Extend>());
        Assert.Equal(EndpointState.Standby, release.State);
    }

    [Fact]
    public void Release_lets_go_before_the_lease_can_have_expired()
    {
        var driver = new ElectorDriver(EtcdLossPolicy.Release).Hold("a");
        driver.Wait(3_900, renew: false);
        Assert.Equal(EndpointState.Activated, driver.State);
        driver.Wait(200, renew: false);
        Assert.Equal(EndpointState.Standby, driver.State);
    }

    [Fact]
    public void After_a_pause_etcd_is_asked_before_anything_is_prolonged()
    {
        var driver = new ElectorDriver().Hold("a").Sleep(4_000).Give(ElectorInput.Tick.Instance);
        driver.Only<ElectorEffect.RenewLease>();
        Assert.Equal(LockOperation.Take, driver.Sent());
        Assert.False(driver.Did<ElectorEffect.Extend>());
        driver.Give(new ElectorInput.LeaseRenewed(ElectorDriver.Lease, 5, driver.NowMs - 4_000));
        Assert.False(driver.Did<ElectorEffect.Extend>());
        driver.Give(driver.Renewed(ElectorDriver.Lease)).Only<ElectorEffect.Extend>();
    }

    [Fact]
    public void What_the_kernel_removed_during_a_pause_does_not_come_back_unasked()
    {
        var driver = new ElectorDriver().Hold("a").Sleep(7_000).Give(ElectorInput.Tick.Instance);
        Assert.Equal(EndpointState.Standby, driver.State);
        Assert.False(driver.Did<ElectorEffect.Extend>());
    }

    [Fact]
    public void At_rest_a_thousand_endpoints_cost_one_wake_up_per_interval_and_nothing_but_renewals()
    {
        foreach (bool compete in (bool[])[false, true])
        {
            var driver = new ElectorDriver();
            EndpointSpec[] specs = [.. Enumerable.Range(1, 1_000).Select(number => ElectorDriver.Spec(EtcdLossPolicy.Claim, number))];
            driver.Give(ElectorInput.Tick.Instance).Give(new ElectorInput.HostLoaded(null, null, false, false, specs));
            driver.Give(new ElectorInput.LeaseGranted(ElectorDriver.Lease, 5, driver.NowMs)).Give(new ElectorInput.HostWritten(ElectorDriver.Lease, 1));
            foreach (ElectorEffect.Transact transact in driver.Effects.OfType<ElectorEffect.Transact>().ToArray())
                driver.Give(new ElectorInput.Transacted(transact.Transaction.Token, true, driver.Ours, compete ? ["a", "b"] : ["b"], driver.NextRevision()));
            driver.Wait(3_000);
            const int Intervals = 20;
            long wakeUps = 0;
            for (int i = 0; i < Intervals; i++)
            {
                long from = driver.NowMs;
                while (driver.Elector.NextWakeMs <= from + driver.Options.KeepAliveIntervalMs)
                {
                    wakeUps++;
                    driver.Wait(driver.Elector.NextWakeMs - driver.NowMs);
                    Assert.All(driver.Effects, effect => Assert.True(effect is ElectorEffect.RenewLease || (compete && effect is ElectorEffect.Extend), effect.ToString()));
                }

                driver.Wait(from + driver.Options.KeepAliveIntervalMs - driver.NowMs);
            }

            Assert.Equal(Intervals, wakeUps);
        }
    }
}
