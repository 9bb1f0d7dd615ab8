using Link.Core.Election;
using Xunit;

namespace Link.Tests.Election;

/// <summary>Takes, losses, failing, dead peers, a wiped etcd.</summary>
public sealed class ElectorLockTests
{
    [Fact]
    public void A_free_lock_is_taken_on_the_event()
    {
        var driver = new ElectorDriver().StandBy();
        Assert.Equal(EndpointState.Standby, driver.State);
        Assert.Equal(LockOperation.Take, driver.SeeFree().Sent());
        driver.Answer(driver.Ours).Only<ElectorEffect.Activate>();
    }

    [Fact]
    public void The_address_carries_the_locks_revision_as_fencing_token()
    {
        var driver = new ElectorDriver().Serve();
        LockView ours = driver.Ours;
        Assert.Equal(ours.Revision, driver.Answer(ours).Only<ElectorEffect.Activate>().Revision);
    }

    [Fact]
    public void News_older_than_what_is_known_are_ignored()
    {
        var driver = new ElectorDriver().Serve();
        LockView old = driver.LockOf("a");
        driver.Answer(driver.Ours).SeeLock(old);
        Assert.Equal(EndpointState.Activated, driver.State);
    }

    [Fact]
    public void The_lock_of_another_is_followed_a_moment_later_in_silence()
    {
        var driver = new ElectorDriver().Hold("a", "c");
        driver.SeeLock(driver.LockOf("c")).Only<ElectorEffect.Silence>();
        Assert.Equal(EndpointState.Activated, driver.State);
        driver.Wait(driver.Options.LetGoDelayMs).Only<ElectorEffect.Deactivate>();
    }

    [Fact]
    public void With_release_the_lock_of_another_is_followed_at_once()
    {
        var driver = new ElectorDriver(EtcdLossPolicy.Release).Hold("a");
        driver.SeeLock(driver.LockOf("a")).Only<ElectorEffect.Deactivate>();
    }

    [Fact]
    public void A_failing_host_turns_off_and_gives_the_lock_away()
    {
        var driver = new ElectorDriver().Hold("a");
        driver.Give(new ElectorInput.HealthChanged(ElectorDriver.Id, false, "port 80 is closed"));
        Assert.Equal(EndpointState.Failing, driver.State);
        driver.Only<ElectorEffect.Deactivate>();
        Assert.Equal(LockOperation.Release, driver.Sent());
        Assert.False(driver.Answer(null).Did<ElectorEffect.Transact>());
    }

    [Fact]
    public void A_failing_host_takes_nothing_until_it_is_healthy()
    {
        var driver = new ElectorDriver().StandBy();
        driver.Give(new ElectorInput.OutputChanged(ElectorDriver.Id, false, "no carrier"));
        Assert.False(driver.SeeFree().Did<ElectorEffect.Transact>());
        Assert.Equal(LockOperation.Take, driver.Give(new ElectorInput.OutputChanged(ElectorDriver.Id, true, null)).Sent());
    }

    [Fact]
    public void A_lock_whose_release_is_under_way_does_not_activate()
    {
        var driver = new ElectorDriver().Hold("a");
        driver.Give(new ElectorInput.HealthChanged(ElectorDriver.Id, false, null));
        driver.Give(new ElectorInput.HealthChanged(ElectorDriver.Id, true, null));
        Assert.Equal(EndpointState.Standby, driver.State);
        driver.Fail();
        Assert.Equal(EndpointState.Standby, driver.State);
        driver.Wait(1_000).Answer(driver.Ours, applied: false);
        Assert.Equal(EndpointState.Activated, driver.State);
    }

    [Fact]
    public void A_failed_transaction_is_followed_by_a_look()
    {
        var driver = new ElectorDriver().Serve().Fail();
        Assert.False(driver.Did<ElectorEffect.Transact>());
        Assert.Equal(LockOperation.Take, driver.Wait(500).Sent());
    }

    [Fact]
    public void A_restarted_watch_makes_every_lock_be_read_again()
    {
        var driver = new ElectorDriver().StandBy();
        Assert.Equal(LockOperation.Take, driver.Give(new ElectorInput.WatchStarted(500)).Sent());
    }

    [Fact]
    public void A_wiped_etcd_gets_the_record_back_and_its_low_revisions_count()
    {
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.WatchStarted(2));
        driver.Give(new ElectorInput.Transacted(driver.Endpoint.Token, true, null, ["b"], 3));
        Assert.Equal(LockOperation.Create, driver.Sent());
        driver.Give(new ElectorInput.Transacted(driver.Endpoint.Token, true, new LockView("b", ElectorDriver.Lease, 4), ["b"], 4));
        Assert.Equal(EndpointState.Activated, driver.State);
        driver.Give(new ElectorInput.LockPut(ElectorDriver.Key, new LockView("a", ElectorDriver.Theirs, 5))).Wait(driver.Options.LetGoDelayMs);
        Assert.Equal(EndpointState.Standby, driver.State);
    }

    [Fact]
    public void A_dead_holders_lock_is_taken_by_the_best_ranked_at_once_and_by_the_next_later()
    {
        // Of the live competitors a, b and c, when a is dead, b (this host) comes first.
        var first = Watching("a", "c");
        Assert.Equal(LockOperation.TakeFromDead, first.Give(new ElectorInput.PeerDead("a")).Sent());
        LockTransaction sent = first.Only<ElectorEffect.Transact>().Transaction;
        Assert.Equal((ElectorDriver.Theirs, first.Endpoint.Lock!.Value.Revision), (sent.OtherLeaseId, sent.SeenRevision));

        // With a alive and c dead, a goes first.
        var second = new ElectorDriver().Serve();
        second.Answer(second.LockOf("c"), applied: false);
        second.Give(new ElectorInput.PeerAlive("a")).Give(new ElectorInput.PeerAlive("c"));
        Assert.False(second.Give(new ElectorInput.PeerDead("c")).Did<ElectorEffect.Transact>());
        Assert.Equal(LockOperation.TakeFromDead, second.Wait(second.Options.PeerStepMs).Sent());
    }

    [Fact]
    public void A_holder_that_is_heard_again_keeps_its_lock()
    {
        var driver = new ElectorDriver().Serve();
        driver.Answer(driver.LockOf("c"), applied: false);
        driver.Give(new ElectorInput.PeerAlive("a")).Give(new ElectorInput.PeerAlive("c"));
        driver.Give(new ElectorInput.PeerDead("c")).Give(new ElectorInput.PeerAlive("c"));
        Assert.False(driver.Wait(500).Did<ElectorEffect.Transact>());
    }

    [Fact]
    public void With_release_a_dead_holders_lease_is_waited_for()
    {
        var driver = new ElectorDriver(EtcdLossPolicy.Release).StandBy().Give(new ElectorInput.PeerAlive("a"));
        Assert.False(driver.Give(new ElectorInput.PeerDead("a")).Did<ElectorEffect.Transact>());
        Assert.False(driver.Wait(2_000).Did<ElectorEffect.Transact>());
    }

    [Fact]
    public void A_host_whose_own_interface_was_down_takes_nobody_for_dead()
    {
        var driver = Watching("a", "c");
        driver.Give(new ElectorInput.OutputChanged(ElectorDriver.Id, false, "no carrier"));
        driver.Give(new ElectorInput.OutputChanged(ElectorDriver.Id, true, null));
        Assert.False(driver.Give(new ElectorInput.PeerDead("a")).Did<ElectorEffect.Transact>());
        Assert.False(driver.Wait(2_000).Did<ElectorEffect.Transact>());
    }

    [Fact]
    public void A_lock_that_this_host_has_by_an_old_lease_is_put_on_its_own_and_nothing_moves()
    {
        var driver = WithOldLease();
        driver.Answer(new LockView("b", 99, driver.NextRevision()), applied: false);
        Assert.False(driver.Did<ElectorEffect.Deactivate>());
        LockTransaction sent = driver.Only<ElectorEffect.Transact>().Transaction;
        Assert.Equal((LockOperation.Inherit, 99, driver.Endpoint.Lock!.Value.Revision), (sent.Operation, sent.OtherLeaseId, sent.SeenRevision));
        driver.Answer(driver.Ours);
        Assert.Equal(EndpointState.Activated, driver.State);
        Assert.False(driver.Did<ElectorEffect.Deactivate>());
    }

    [Fact]
    public void A_lock_by_an_old_lease_that_another_took_meanwhile_is_the_others()
    {
        var driver = WithOldLease();
        driver.Answer(new LockView("b", 99, driver.NextRevision()), applied: false);
        driver.Answer(driver.LockOf("a"), applied: false);
        Assert.Equal(EndpointState.Standby, driver.State);
    }

    private static ElectorDriver WithOldLease()
    {
        var driver = new ElectorDriver();
        driver.Give(ElectorInput.Tick.Instance);
        driver.Give(new ElectorInput.HostLoaded(null, null, false, false, [ElectorDriver.Spec(EtcdLossPolicy.Claim) with { OldLeaseId = 99 }]));
        driver.Give(new ElectorInput.LeaseGranted(ElectorDriver.Lease, 5, driver.NowMs));
        return driver.Give(new ElectorInput.HostWritten(ElectorDriver.Lease, 1));
    }

    private static ElectorDriver Watching(params string[] alive)
    {
        var driver = new ElectorDriver().StandBy();
        foreach (string host in alive)
            driver.Give(new ElectorInput.PeerAlive(host));
        return driver;
    }
}
