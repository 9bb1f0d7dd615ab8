using Link.Core.Election;
using Xunit;

namespace Link.Tests.Election;

/// <summary>Two agents with one HOSTNAME, and an etcd writer who makes it look so.</summary>
public sealed class ElectorNamesakeTests
{
    private const string Reach = "10.0.0.9:40000";

    // ---- the newcomer ----------------------------------------------------------------------------

    [Fact]
    public void A_newcomer_asks_its_predecessor_and_touches_nothing_while_that_answers()
    {
        ElectorDriver driver = Load(Reach);
        Assert.Equal(new ElectorEffect.AskNamesake("b#1", Reach), driver.Only<ElectorEffect.AskNamesake>());
        Assert.Single(driver.Effects);
        for (int i = 0; i < 20; i++)
        {
            driver.Give(new ElectorInput.NamesakeAnswered("b#1", Reach));
            Assert.All(driver.Effects, static effect => Assert.IsType<ElectorEffect.Notice>(effect));
            Assert.True(driver.Elector.IsAside);
            Assert.Contains("b#1", driver.Elector.Clash, StringComparison.Ordinal);
            driver.Wait(7_000).Only<ElectorEffect.AskNamesake>();
        }
    }

    [Fact]
    public void A_namesake_that_answered_is_gone_after_three_silences_and_the_newcomer_takes_a_lease_of_its_own()
    {
        ElectorDriver driver = Load(Reach).Give(new ElectorInput.NamesakeAnswered("b#1", Reach));
        foreach (long pauseMs in (long[])[7_000, 1_300, 1_300])
        {
            driver.Wait(pauseMs).Only<ElectorEffect.AskNamesake>();
            driver.Give(new ElectorInput.NamesakeSilent("b#1"));
        }

        driver.Wait(300).Only<ElectorEffect.LoadHost>();
        driver.Give(Loaded(Reach));
        driver.Only<ElectorEffect.GrantLease>();
        Assert.False(driver.Did<ElectorEffect.RenewLease>());
    }

    [Fact]
    public void A_verdict_that_never_comes_is_a_silence() =>
        Load(Reach).Wait(6_000).Only<ElectorEffect.LoadHost>();

    [Fact]
    public void Instances_that_never_answer_do_not_keep_a_newcomer_out_however_many_there_are()
    {
        ElectorDriver driver = Load(Reach);
        for (int i = 0; i < 3; i++)
        {
            string asked = driver.Only<ElectorEffect.AskNamesake>().Instance;
            driver.Give(new ElectorInput.AgentKeyChanged($"forged#{i}", 20 + i, 0, Reach));
            driver.Give(new ElectorInput.NamesakeSilent(asked)).Wait(300).Only<ElectorEffect.LoadHost>();
            driver.Give(new ElectorInput.HostLoaded(5, $"forged#{i}", false, false, [ElectorDriver.Spec(EtcdLossPolicy.Claim)], Reach));
        }

        driver.Only<ElectorEffect.GrantLease>();
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(true, false, true)]
    [InlineData(false, true, true)]
    public void The_former_lease_is_gone_on_with_only_if_the_one_that_had_it_is_gone(bool gone, bool ours, bool adopted)
    {
        var driver = new ElectorDriver().Give(ElectorInput.Tick.Instance);
        driver.Give(new ElectorInput.HostLoaded(5, "b#1", gone, false, [ElectorDriver.Spec(EtcdLossPolicy.Claim)], null, ours));
        Assert.Equal(adopted, driver.Did<ElectorEffect.RenewLease>());
        Assert.Equal(!adopted, driver.Did<ElectorEffect.GrantLease>());
    }

    [Fact]
    public void A_lease_that_this_machine_knows_is_gone_on_with_whoever_can_be_asked()
    {
        var driver = new ElectorDriver().Give(ElectorInput.Tick.Instance);
        driver.Give(new ElectorInput.HostLoaded(5, "forged", false, false, [ElectorDriver.Spec(EtcdLossPolicy.Claim)], Reach, LeaseIsOurs: true));
        Assert.False(driver.Did<ElectorEffect.AskNamesake>());
        driver.Only<ElectorEffect.RenewLease>();
    }

    [Fact]
    public void A_lease_that_this_machine_knows_but_that_has_ended_gives_no_right_to_the_name()
    {
        var driver = new ElectorDriver().Give(ElectorInput.Tick.Instance);
        driver.Give(new ElectorInput.HostLoaded(5, "b#1", false, false, [ElectorDriver.Spec(EtcdLossPolicy.Claim)], Reach, LeaseIsOurs: true));
        driver.Give(new ElectorInput.LeaseGone(5)).Only<ElectorEffect.AskNamesake>();
        Assert.False(driver.Did<ElectorEffect.GrantLease>());
        Assert.True(driver.Give(new ElectorInput.NamesakeAnswered("b#1", Reach)).Elector.IsAside);
    }

    [Fact]
    public void The_newcomer_serves_when_nobody_objects()
    {
        Assert.False(Newcomer(gone: false).Elector.IsServing);
        Assert.True(Newcomer(gone: false).Wait(1_000).Elector.IsServing);
        Assert.True(Newcomer(gone: true).Elector.IsServing);
    }

    [Fact]
    public void An_objection_that_can_be_asked_and_answers_has_the_newcomer_stand_aside()
    {
        ElectorDriver driver = Newcomer(gone: false).Give(new ElectorInput.AgentKeyChanged("b#1", 11, ElectorDriver.Theirs, Reach));
        driver.Only<ElectorEffect.AskNamesake>();
        Assert.False(driver.Wait(3_000).Elector.IsServing);
        driver.Give(new ElectorInput.NamesakeAnswered("b#1", Reach));
        Assert.True(driver.Elector.IsAside);
        Assert.Equal(0, driver.Elector.LeaseId);
        Assert.False(driver.Wait(4_000).Did<ElectorEffect.RenewLease>());
    }

    [Fact]
    public void An_objection_that_overtakes_the_answer_to_the_write_counts()
    {
        ElectorDriver driver = Joining(gone: true).Give(new ElectorInput.AgentKeyChanged("b#1", 11, 0, Reach));
        Assert.False(driver.Did<ElectorEffect.AskNamesake>());
        driver.Give(new ElectorInput.HostWritten(ElectorDriver.Lease, 10)).Only<ElectorEffect.AskNamesake>();
        Assert.False(driver.Elector.IsServing);
    }

    [Fact]
    public void Objections_that_cannot_be_asked_or_do_not_answer_keep_no_newcomer_from_serving()
    {
        ElectorDriver unasked = Newcomer(gone: false);
        ElectorDriver silent = Newcomer(gone: false);
        for (int i = 0; i < 50; i++)
        {
            unasked.Give(new ElectorInput.AgentKeyChanged("b#1", 11 + i));
            silent.Give(new ElectorInput.AgentKeyChanged($"forged#{i}", 11 + i, 0, Reach));
        }

        Assert.True(unasked.Wait(1_000).Elector.IsServing);
        Assert.True(silent.Wait(1_000).Give(new ElectorInput.NamesakeSilent("forged#0")).Elector.IsServing);
    }

    // ---- who serves ------------------------------------------------------------------------------

    [Fact]
    public void A_holder_goes_on_and_writes_its_key_back_however_often_it_is_overwritten()
    {
        ElectorDriver driver = new ElectorDriver().Hold("a");
        int writes = 0;
        int notices = 0;
        for (int i = 0; i < 600; i++)
        {
            driver.Give(new ElectorInput.AgentKeyChanged($"forged#{i % 3}", 200 + 2 * i));
            Count();
            driver.Wait(100);
            Count();
        }

        // A minute: at once, then after 1, 2, 4, 8, 16 and 32 seconds.
        Assert.InRange(writes, 5, 7);
        Assert.InRange(notices, 5, 12);
        Assert.Equal(EndpointState.Activated, driver.State);
        Assert.True(driver.Elector.IsServing);
        Assert.Contains("forged#", driver.Elector.Clash, StringComparison.Ordinal);
        Assert.Null(driver.Wait(400_000).Elector.Clash);

        void Count()
        {
            writes += driver.Effects.OfType<ElectorEffect.WriteHost>().Count();
            notices += driver.Effects.OfType<ElectorEffect.Notice>().Count();
            Assert.False(driver.Did<ElectorEffect.Deactivate>());
            if (driver.Did<ElectorEffect.WriteHost>())
                driver.Elector.Step(driver.NowMs, new ElectorInput.HostWritten(ElectorDriver.Lease, 201 + 2 * writes), []);
        }
    }

    [Fact]
    public void A_holder_whose_key_is_deleted_writes_it_back()
    {
        ElectorDriver driver = new ElectorDriver().Hold("a").Give(new ElectorInput.AgentKeyChanged(null, 200));
        driver.Only<ElectorEffect.WriteHost>();
        Assert.Equal(EndpointState.Activated, driver.State);
    }

    [Fact]
    public void A_holder_whose_key_somebody_makes_say_that_it_has_ended_writes_it_back()
    {
        ElectorDriver driver = new ElectorDriver().Hold("a");
        driver.Give(new ElectorInput.AgentKeyChanged("b#2", 200, ElectorDriver.Lease));
        Assert.False(driver.Did<ElectorEffect.WriteHost>());
        driver.Give(new ElectorInput.AgentKeyChanged("b#2", 201, ElectorDriver.Lease, SaysStopped: true)).Only<ElectorEffect.WriteHost>();
        Assert.Equal(EndpointState.Activated, driver.State);
    }

    [Fact]
    public void A_holder_asks_who_wrote_its_key_to_say_what_it_is_and_goes_on_whatever_it_hears()
    {
        ElectorDriver driver = new ElectorDriver().Hold("a").Give(new ElectorInput.AgentKeyChanged("b#3", 200, 0, Reach));
        driver.Only<ElectorEffect.AskNamesake>();
        driver.Give(new ElectorInput.NamesakeAnswered("b#3", Reach));
        Assert.Contains("answers at", driver.Elector.Clash, StringComparison.Ordinal);
        Assert.Equal(EndpointState.Activated, driver.State);
        driver.Give(new ElectorInput.AgentKeyChanged("b#3", 201, 0, Reach));
        Assert.False(driver.Did<ElectorEffect.AskNamesake>());
    }

    [Fact]
    public void An_address_without_competitors_lasts_no_longer_than_the_lease_once_another_may_have_our_name()
    {
        ElectorDriver driver = new ElectorDriver().Hold();
        Assert.Null(driver.Only<ElectorEffect.Activate>().LifetimeSeconds);
        Assert.NotNull(driver.Give(new ElectorInput.AgentKeyChanged("b#3", 200)).Only<ElectorEffect.Extend>().LifetimeSeconds);
        Assert.All(driver.Wait(3_000).Effects.OfType<ElectorEffect.Extend>(), static extend => Assert.NotNull(extend.LifetimeSeconds));
        // Five minutes without another word: there is none.
        Assert.Null(driver.Wait(300_000).Effects.OfType<ElectorEffect.Extend>().Last().LifetimeSeconds);
    }

    [Fact]
    public void A_restarted_watch_repeats_the_question_whose_name_it_is()
    {
        new ElectorDriver().Hold().Give(new ElectorInput.WatchStarted(300)).Only<ElectorEffect.WriteHost>();
    }

    // ---- one lease for two -----------------------------------------------------------------------

    [Fact]
    public void Who_finds_another_on_its_lease_takes_a_new_one_and_carries_its_locks_over_without_letting_go()
    {
        ElectorDriver driver = new ElectorDriver().Hold("a");
        LockView held = driver.Endpoint.Lock!.Value;
        driver.Give(new ElectorInput.AgentKeyChanged("b#3", 200, ElectorDriver.Lease)).Only<ElectorEffect.GrantLease>();
        driver.Give(new ElectorInput.LeaseGranted(9, 5, driver.NowMs));
        LockTransaction sent = driver.Only<ElectorEffect.Transact>().Transaction;
        Assert.Equal((LockOperation.Inherit, 9, ElectorDriver.Lease, held.Revision), (sent.Operation, sent.LeaseId, sent.OtherLeaseId, sent.SeenRevision));
        driver.Answer(driver.Ours);
        Assert.Equal(EndpointState.Activated, driver.State);
        Assert.True(driver.Elector.HasLock(driver.Endpoint));
    }

    [Fact]
    public void Of_two_on_one_lease_the_second_to_carry_a_lock_over_lets_go()
    {
        ElectorDriver driver = new ElectorDriver().Hold("a");
        driver.Give(new ElectorInput.AgentKeyChanged("b#3", 200, ElectorDriver.Lease)).Give(new ElectorInput.LeaseGranted(9, 5, driver.NowMs));
        driver.Answer(new LockView("b", ElectorDriver.Theirs, driver.NextRevision()), applied: false);
        driver.Wait(100).Only<ElectorEffect.Deactivate>();
    }

    [Fact]
    public void Leases_are_not_changed_faster_than_once_in_three_seconds()
    {
        ElectorDriver driver = new ElectorDriver().Hold("a");
        int grants = 0;
        for (int i = 0; i < 300; i++)
        {
            driver.Give(new ElectorInput.AgentKeyChanged("b#3", 200 + i, driver.Elector.LeaseId));
            bool granted = driver.Did<ElectorEffect.GrantLease>();
            driver.Give(new ElectorInput.HostWritten(driver.Elector.LeaseId, 200 + i));
            granted |= driver.Did<ElectorEffect.GrantLease>() || driver.Wait(100).Did<ElectorEffect.GrantLease>();
            if (granted)
            {
                driver.Give(new ElectorInput.LeaseGranted(100 + ++grants, 5, driver.NowMs));
                driver.Answer(driver.Ours);
            }

            Assert.Equal(EndpointState.Activated, driver.State);
        }

        Assert.InRange(grants, 5, 11);
    }

    [Fact]
    public void A_lock_with_our_lease_and_another_hosts_name_is_not_ours()
    {
        ElectorDriver driver = new ElectorDriver().Serve().Answer(new LockView("a", ElectorDriver.Lease, 50), applied: false);
        Assert.NotEqual(EndpointState.Activated, driver.State);
        driver.Only<ElectorEffect.GrantLease>();
    }

    [Fact]
    public void A_former_lease_that_lasts_far_too_long_is_left_once_we_serve()
    {
        var driver = new ElectorDriver().Give(ElectorInput.Tick.Instance);
        driver.Give(new ElectorInput.HostLoaded(5, null, false, false, [ElectorDriver.Spec(EtcdLossPolicy.Claim)]));
        driver.Give(new ElectorInput.LeaseRenewed(5, 1_000_000, driver.NowMs)).Give(new ElectorInput.HostWritten(5, 1));
        Assert.False(driver.Did<ElectorEffect.GrantLease>());
        driver.Answer(driver.Ours).Wait(500).Only<ElectorEffect.GrantLease>();
        driver.Give(new ElectorInput.LeaseGranted(9, 5, driver.NowMs));
        Assert.Equal(LockOperation.Inherit, driver.Sent());
    }

    [Fact]
    public void A_rival_that_goes_on_announcing_what_our_lock_says_is_ours_has_us_change_leases_and_not_again_and_again()
    {
        ElectorDriver driver = new ElectorDriver().Hold("a");
        int grants = 0;
        for (int i = 0; i < 600; i++)
        {
            driver.Give(new ElectorInput.RivalHeard(ElectorDriver.Id, "02:00:00:00:00:09"));
            bool granted = driver.Did<ElectorEffect.GrantLease>();
            granted |= driver.Wait(500).Did<ElectorEffect.GrantLease>();
            if (granted)
            {
                driver.Give(new ElectorInput.LeaseGranted(100 + ++grants, 5, driver.NowMs));
                driver.Answer(driver.Ours).Give(new ElectorInput.HostWritten(100 + grants, 200 + i));
            }

            Assert.Equal(EndpointState.Activated, driver.State);
        }

        // Five minutes: after 4, 14, 34, 74, 154 seconds and so on.
        Assert.InRange(grants, 3, 6);
    }

    // ---- what others do with our lease and our name ----------------------------------------------

    [Fact]
    public void A_lock_that_somebody_gives_us_of_what_we_do_not_have_is_given_up()
    {
        ElectorDriver driver = new ElectorDriver().Serve();
        driver.Give(new ElectorInput.LockPut("another-key", new LockView("b", ElectorDriver.Lease, 70)));
        Assert.Equal(new ElectorEffect.DropLock("another-key", ElectorDriver.Lease, 70), driver.Only<ElectorEffect.DropLock>());
        Assert.False(driver.Give(new ElectorInput.LockPut("another-key", new LockView("b", ElectorDriver.Theirs, 71))).Did<ElectorEffect.DropLock>());
        Assert.False(driver.Give(new ElectorInput.LockPut("another-key", new LockView("a", ElectorDriver.Lease, 72))).Did<ElectorEffect.DropLock>());
    }

    [Fact]
    public void Nothing_is_handed_over_to_a_host_whose_agent_key_carries_our_own_lease()
    {
        ElectorDriver driver = new ElectorDriver().Hold("a");
        driver.Give(new ElectorInput.Failover(1, ElectorDriver.Id, "a", ElectorDriver.Lease));
        Assert.Equal(AnswerStatus.Refused, driver.Answered(1).Status);
        Assert.False(driver.Did<ElectorEffect.Transact>());
    }

    // ---- our key among the competitors -----------------------------------------------------------

    [Fact]
    public void A_competitor_key_of_ours_that_somebody_deletes_is_written_again()
    {
        ElectorDriver driver = new ElectorDriver().StandBy().Give(new ElectorInput.CompetitorChanged(ElectorDriver.Key, "b", false, 900));
        Assert.False(driver.Did<ElectorEffect.Transact>());
        driver.Wait(1_500).Only<ElectorEffect.Transact>();
    }

    private static ElectorInput.HostLoaded Loaded(string? reach) => new(5, "b#1", false, false, [ElectorDriver.Spec(EtcdLossPolicy.Claim)], reach);

    private static ElectorDriver Load(string? reach) => new ElectorDriver().Give(ElectorInput.Tick.Instance).Give(Loaded(reach));

    private static ElectorDriver Joining(bool gone)
    {
        var driver = new ElectorDriver().Give(ElectorInput.Tick.Instance);
        driver.Give(new ElectorInput.HostLoaded(null, "b#1", gone, false, [ElectorDriver.Spec(EtcdLossPolicy.Claim)]));
        return driver.Give(new ElectorInput.LeaseGranted(ElectorDriver.Lease, 5, driver.NowMs));
    }

    private static ElectorDriver Newcomer(bool gone) => Joining(gone).Give(new ElectorInput.HostWritten(ElectorDriver.Lease, 10));
}
