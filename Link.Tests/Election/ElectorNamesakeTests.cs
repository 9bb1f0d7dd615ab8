using Link.Core.Election;
using Xunit;

namespace Link.Tests.Election;

/// <summary>Two agents with one HOSTNAME.</summary>
public sealed class ElectorNamesakeTests
{
    [Fact]
    public void The_newcomer_waits_and_stops_when_its_key_is_written_back()
    {
        var driver = Newcomer(gone: false);
        Assert.False(driver.Elector.IsServing);
        driver.Give(new ElectorInput.AgentKeyChanged("b#1", 11)).Only<ElectorEffect.Stop>();
        Assert.Empty(driver.Give(ElectorInput.Tick.Instance).Effects);
        Assert.Equal(long.MaxValue, driver.Elector.NextWakeMs);
    }

    [Fact]
    public void The_newcomer_serves_when_nobody_objects()
    {
        Assert.True(Newcomer(gone: false).Wait(1_000).Elector.IsServing);
        Assert.True(Newcomer(gone: true).Elector.IsServing);
    }

    [Fact]
    public void An_objection_that_overtakes_the_answer_to_the_write_counts()
    {
        var driver = Joining().Give(new ElectorInput.AgentKeyChanged("b#1", 11));
        Assert.False(driver.Did<ElectorEffect.Stop>());
        driver.Give(new ElectorInput.HostWritten(ElectorDriver.Lease, 10)).Only<ElectorEffect.Stop>();
    }

    [Fact]
    public void The_live_agent_writes_its_key_back()
    {
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.AgentKeyChanged("b#3", 200));
        driver.Only<ElectorEffect.WriteHost>();
        Assert.Equal(EndpointState.Activated, driver.State);
    }

    [Fact]
    public void A_newcomer_that_serves_already_stops_when_the_older_one_wakes_up()
    {
        var driver = Newcomer(gone: false).Wait(1_500).Answer(driver_Ours(), ["a", "b"]);
        Assert.Equal(EndpointState.Activated, driver.State);
        driver.Give(new ElectorInput.AgentKeyChanged("b#1", 500)).Only<ElectorEffect.Stop>();
        driver.Only<ElectorEffect.Deactivate>();

        static LockView driver_Ours() => new("b", ElectorDriver.Lease, 50);
    }

    [Fact]
    public void Of_two_that_serve_and_both_object_the_greater_instance_stops()
    {
        // This host is b#2.
        ElectorDriver greater = Objecting("b#1");
        Assert.False(greater.Did<ElectorEffect.Stop>());
        greater.Give(new ElectorInput.AgentKeyChanged("b#1", 204)).Only<ElectorEffect.Stop>();

        ElectorDriver lesser = Objecting("b#3").Give(new ElectorInput.AgentKeyChanged("b#3", 204));
        Assert.False(lesser.Did<ElectorEffect.Stop>());
        lesser.Only<ElectorEffect.WriteHost>();
    }

    [Fact]
    public void A_newcomer_that_writes_twice_before_it_hears_the_objection_stops_nobody()
    {
        var driver = new ElectorDriver().Hold("a").Give(new ElectorInput.AgentKeyChanged("b#1", 200)).Give(new ElectorInput.AgentKeyChanged("b#1", 201));
        Assert.False(driver.Did<ElectorEffect.Stop>());
        Assert.Equal(EndpointState.Activated, driver.State);
    }

    [Fact]
    public void A_restarted_watch_repeats_the_question_whose_name_it_is()
    {
        new ElectorDriver().Hold().Give(new ElectorInput.WatchStarted(300)).Only<ElectorEffect.WriteHost>();
    }

    /// <summary>Serving, and twice overwritten by another instance.</summary>
    private static ElectorDriver Objecting(string instance) => new ElectorDriver().Serve()
        .Give(new ElectorInput.AgentKeyChanged(instance, 200)).Give(new ElectorInput.HostWritten(ElectorDriver.Lease, 201))
        .Give(new ElectorInput.AgentKeyChanged(instance, 202)).Give(new ElectorInput.HostWritten(ElectorDriver.Lease, 203));

    private static ElectorDriver Joining()
    {
        var driver = new ElectorDriver().Give(ElectorInput.Tick.Instance);
        driver.Give(new ElectorInput.HostLoaded(null, "b#1", false, false, [ElectorDriver.Spec(EtcdLossPolicy.Claim)]));
        return driver.Give(new ElectorInput.LeaseGranted(ElectorDriver.Lease, 5, driver.NowMs));
    }

    private static ElectorDriver Newcomer(bool gone)
    {
        var driver = new ElectorDriver().Give(ElectorInput.Tick.Instance);
        driver.Give(new ElectorInput.HostLoaded(null, "b#1", gone, false, [ElectorDriver.Spec(EtcdLossPolicy.Claim)]));
        driver.Give(new ElectorInput.LeaseGranted(ElectorDriver.Lease, 5, driver.NowMs));
        return driver.Give(new ElectorInput.HostWritten(ElectorDriver.Lease, 10));
    }
}
