using Link.Core.Election;
using Xunit;

namespace Link.Tests.Election;

/// <summary>Add, remove, fail over, drain.</summary>
public sealed class ElectorCommandTests
{
    private const long Command = 42;

    [Fact]
    public void A_failover_makes_before_it_breaks()
    {
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.Failover(Command, ElectorDriver.Id));
        driver.Only<ElectorEffect.Silence>();
        Assert.Equal(LockOperation.Release, driver.Sent());
        driver.Answer(null);
        Assert.Equal(EndpointState.Activated, driver.State);
        driver.SeeLock(driver.LockOf("a"));
        Assert.Equal(EndpointState.Activated, driver.State);
        driver.Wait(driver.Options.LetGoDelayMs).Only<ElectorEffect.Deactivate>();
        Assert.Equal(AnswerStatus.Done, driver.Answered(Command).Status);
    }

    [Fact]
    public void With_release_a_failover_breaks_before_it_makes()
    {
        var driver = new ElectorDriver(EtcdLossPolicy.Release).Hold("a").Give(new ElectorInput.Failover(Command, ElectorDriver.Id));
        Assert.True(driver.Effects.FindIndex(effect => effect is ElectorEffect.Deactivate) < driver.Effects.FindIndex(effect => effect is ElectorEffect.Transact));
        driver.Answer(null).SeeLock(driver.LockOf("a"));
        Assert.Equal(AnswerStatus.Done, driver.Answered(Command).Status);
    }

    [Fact]
    public void A_successor_may_be_faster_than_the_answer()
    {
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.Failover(Command, ElectorDriver.Id, "a", ElectorDriver.Theirs));
        Assert.Equal(LockOperation.HandTo, driver.Sent());
        driver.SeeLock(driver.LockOf("a")).Wait(driver.Options.LetGoDelayMs);
        Assert.Equal(EndpointState.Standby, driver.State);
        Assert.Equal(AnswerStatus.Done, driver.Answered(Command).Status);
    }

    [Fact]
    public void A_lock_that_nobody_takes_is_taken_back_and_the_command_fails()
    {
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.Failover(Command, ElectorDriver.Id)).Answer(null);
        driver.Wait(driver.Options.HandOverMs);
        Assert.Equal(AnswerStatus.Failed, driver.Answered(Command).Status);
        Assert.Equal(LockOperation.Take, driver.Sent());
        driver.Only<ElectorEffect.Announce>();
        Assert.Equal(EndpointState.Activated, driver.State);
    }

    [Fact]
    public void A_successor_that_gives_the_lock_back_at_once_makes_the_command_fail()
    {
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.Failover(Command, ElectorDriver.Id, "a", ElectorDriver.Theirs));
        driver.Answer(driver.LockOf("a")).SeeFree();
        Assert.Equal(AnswerStatus.Failed, driver.Answered(Command).Status);
        Assert.Equal(LockOperation.Take, driver.Sent());
        Assert.Equal(EndpointState.Activated, driver.State);
    }

    [Fact]
    public void A_failover_is_answered_even_if_etcd_goes_silent_in_the_middle()
    {
        foreach (bool given in (bool[])[false, true])
        {
            var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.Failover(Command, ElectorDriver.Id));
            if (given)
                driver.Answer(null);
            else
                driver.Give(new ElectorInput.LeaseGone(ElectorDriver.Lease)).Fail();
            List<ElectorEffect.Answer> answers = [.. driver.Effects.OfType<ElectorEffect.Answer>()];
            answers.AddRange(driver.Wait(10_000, renew: false).Effects.OfType<ElectorEffect.Answer>());
            Assert.Single(answers);
            Assert.Equal(EndpointState.Activated, driver.State);
        }
    }

    [Fact]
    public void A_failover_is_refused_with_the_reason()
    {
        Assert.Equal(AnswerStatus.NotFound, Ask(new ElectorDriver().Hold("a"), new ElectorInput.Failover(Command, "vip-9")).Status);
        Assert.Contains("no other host", Ask(new ElectorDriver().Hold(), new ElectorInput.Failover(Command, ElectorDriver.Id)).Reason);
        Assert.Contains("a does", Ask(new ElectorDriver().StandBy(), new ElectorInput.Failover(Command, ElectorDriver.Id)).Reason);
        Assert.Contains("z does not compete", Ask(new ElectorDriver().Hold("a"), new ElectorInput.Failover(Command, ElectorDriver.Id, "z", 1)).Reason);
        Assert.Contains("runs no agent", Ask(new ElectorDriver().Hold("a"), new ElectorInput.Failover(Command, ElectorDriver.Id, "a")).Reason);
        Assert.Contains("is this host", Ask(new ElectorDriver().Hold("a"), new ElectorInput.Failover(Command, ElectorDriver.Id, "b")).Reason);
        Assert.Equal(AnswerStatus.Unavailable, Ask(new ElectorDriver().Hold("a").Wait(20_000, renew: false), new ElectorInput.Failover(Command, ElectorDriver.Id)).Status);
    }

    [Fact]
    public void Who_competes_is_what_was_read_last_whichever_way_it_came()
    {
        var driver = new ElectorDriver().Hold();
        driver.Give(new ElectorInput.CompetitorsRead(ElectorDriver.Key, ["a", "b"], driver.NextRevision()));
        long joined = driver.NextRevision();
        driver.Give(new ElectorInput.CompetitorsRead(ElectorDriver.Key, ["a", "b", "c"], joined + 1));
        // News that a read was ahead of, and a read that news were ahead of.
        driver.Give(new ElectorInput.CompetitorChanged(ElectorDriver.Key, "a", Present: false, joined));
        driver.Give(new ElectorInput.CompetitorsRead(ElectorDriver.Key, [], joined));
        Assert.Equal(["a", "c"], driver.Endpoint.Others);
        driver.Give(new ElectorInput.Failover(Command, ElectorDriver.Id));
        Assert.Equal(LockOperation.Release, driver.Sent());
    }

    [Fact]
    public void A_deleted_endpoint_keeps_its_address_until_another_host_has_the_lock()
    {
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.RemoveEndpoint(Command, ElectorDriver.Id));
        Assert.Equal(LockOperation.Remove, driver.Sent());
        driver.Answer(null, ["a"]);
        Assert.False(driver.Did<ElectorEffect.Deactivate>());
        driver.SeeLock(driver.LockOf("a")).Wait(driver.Options.LetGoDelayMs).Only<ElectorEffect.Deactivate>();
        driver.Only<ElectorEffect.Removed>();
        Assert.Equal(AnswerStatus.Done, driver.Answered(Command).Status);
        Assert.Empty(driver.Elector.Endpoints);
    }

    [Fact]
    public void A_deletion_that_etcd_does_not_answer_is_finished_when_it_does()
    {
        var driver = new ElectorDriver().Hold().Give(new ElectorInput.RemoveEndpoint(Command, ElectorDriver.Id)).Fail();
        List<ElectorEffect> seen = [];
        for (int i = 0; i < 40; i++)
        {
            seen.AddRange(driver.Wait(200).Effects);
            if (driver.Endpoint.Token != 0)
                seen.AddRange(driver.Fail().Effects);
        }

        Assert.Equal(AnswerStatus.Unavailable, Assert.Single(seen.OfType<ElectorEffect.Answer>()).Status);
        driver.Wait(2_000).Answer(null, []);
        driver.Only<ElectorEffect.Removed>();
        Assert.False(driver.Did<ElectorEffect.Answer>());
    }

    [Fact]
    public void A_new_endpoint_is_stored_and_taken_in_one_transaction()
    {
        var driver = new ElectorDriver().Hold().Give(new ElectorInput.AddEndpoint(Command, ElectorDriver.Spec(EtcdLossPolicy.Claim, 2)));
        LockTransaction sent = driver.Only<ElectorEffect.Transact>().Transaction;
        Assert.Equal(LockOperation.Create, sent.Operation);
        driver.Give(new ElectorInput.Transacted(sent.Token, true, driver.Ours, ["b"], driver.NextRevision()));
        driver.Only<ElectorEffect.Activate>();
        Assert.Equal(AnswerStatus.Done, driver.Answered(Command).Status);
    }

    [Fact]
    public void A_new_endpoint_that_etcd_does_not_confirm_is_taken_back()
    {
        var driver = new ElectorDriver().Hold().Give(new ElectorInput.AddEndpoint(Command, ElectorDriver.Spec(EtcdLossPolicy.Claim, 2)));
        Endpoint added = driver.Elector.Endpoints["vip-2"];
        List<ElectorEffect> seen = [];
        for (int i = 0; i < 40; i++)
        {
            if (added.Token != 0)
                seen.AddRange(driver.Give(new ElectorInput.TransactionFailed(added.Token, "timeout")).Effects);
            seen.AddRange(driver.Wait(200).Effects);
        }

        Assert.Equal(AnswerStatus.Unavailable, Assert.Single(seen.OfType<ElectorEffect.Answer>()).Status);
        Assert.Equal(LockOperation.Remove, seen.OfType<ElectorEffect.Transact>().Last().Transaction.Operation);
        Assert.DoesNotContain(seen, effect => effect is ElectorEffect.Activate);
        driver.Wait(2_000).Give(new ElectorInput.Transacted(added.Token, false, null, [], driver.NextRevision()));
        Assert.DoesNotContain("vip-2", driver.Elector.Endpoints.Keys);
    }

    [Fact]
    public void One_election_key_is_one_endpoint()
    {
        var driver = new ElectorDriver().Hold();
        Assert.Equal(AnswerStatus.Refused, Ask(driver, new ElectorInput.AddEndpoint(Command, new EndpointSpec("vip-2", ElectorDriver.Key, EtcdLossPolicy.Claim))).Status);
    }

    [Fact]
    public void A_drained_host_hands_everything_over_and_stays_out_until_undrained()
    {
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.Drain(Command));
        Assert.Equal(LockOperation.Release, driver.Sent());
        Assert.True(driver.Only<ElectorEffect.WriteHost>().Drained);
        driver.Answer(null, ["a", "b"]).SeeLock(driver.LockOf("a")).Wait(driver.Options.LetGoDelayMs);
        Assert.Equal(AnswerStatus.Done, driver.Answered(Command).Status);
        Assert.False(driver.SeeFree().Did<ElectorEffect.Transact>());
        driver.Give(new ElectorInput.Undrain(Command));
        Assert.Equal(LockOperation.Take, driver.Sent());
    }

    [Fact]
    public void A_drained_host_keeps_what_nobody_else_competes_for()
    {
        var driver = new ElectorDriver().Hold().Give(new ElectorInput.Drain(Command));
        Assert.Equal(EndpointState.Activated, driver.State);
        Assert.Contains("no other host", driver.Answered(Command).Reason);
    }

    [Fact]
    public void A_drained_host_takes_back_what_nobody_took()
    {
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.Drain(Command)).Answer(null, ["a", "b"]);
        driver.Wait(driver.Options.HandOverMs);
        Assert.Equal(AnswerStatus.Failed, driver.Answered(Command).Status);
        Assert.Equal(LockOperation.Take, driver.Sent());
        Assert.Equal(EndpointState.Activated, driver.State);
    }

    [Fact]
    public void A_drain_that_etcd_does_not_answer_says_that_it_was_etcd()
    {
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.Drain(Command)).Fail();
        (AnswerStatus status, string? reason) = driver.Answered(Command);
        Assert.Equal(AnswerStatus.Unavailable, status);
        Assert.Contains("timeout", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_drain_waits_for_a_failover_that_is_under_way()
    {
        const long Drain = Command + 1;
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.Failover(Command, ElectorDriver.Id)).Answer(null).Give(new ElectorInput.Drain(Drain));
        Assert.False(driver.Did<ElectorEffect.Answer>());
        driver.SeeLock(driver.LockOf("a")).Wait(driver.Options.LetGoDelayMs);
        Assert.Equal(AnswerStatus.Done, driver.Answered(Command).Status);
        Assert.Equal(AnswerStatus.Done, driver.Answered(Drain).Status);
    }

    [Fact]
    public void A_drain_says_so_of_a_lock_that_nobody_took_and_that_is_not_back_yet()
    {
        const long Drain = Command + 1;
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.Failover(Command, ElectorDriver.Id)).Answer(null);
        driver.Wait(driver.Options.HandOverMs).Give(new ElectorInput.Drain(Drain));
        Assert.Contains("taking it back", driver.Answered(Drain).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_drained_host_that_starts_looks_before_it_takes()
    {
        Assert.Equal(LockOperation.Observe, new ElectorDriver().Serve(drained: true).Sent());
    }

    [Fact]
    public void Undraining_ends_a_drain_that_waits_for_a_successor()
    {
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.Drain(Command)).Answer(null, ["a", "b"]);
        driver.Give(new ElectorInput.Undrain(Command + 1));
        Assert.Equal(AnswerStatus.Failed, driver.Answered(Command).Status);
        Assert.Equal(LockOperation.Take, driver.Sent());
    }

    private static (AnswerStatus Status, string? Reason) Ask(ElectorDriver driver, ElectorInput.Command command) => driver.Give(command).Answered(Command);
}
