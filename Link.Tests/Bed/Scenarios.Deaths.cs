namespace Link.Tests.Bed;

/// <summary>The holder's agent or host dies, hangs or comes back.</summary>
internal sealed partial class Scenarios
{
    /// <summary>The cable is pulled and the agent killed. Figure <c>after_lock</c>: from the change of the lock in etcd to the first answer.</summary>
    internal async Task<Measurement> HostDeathAsync()
    {
        var (election, prober) = await HoldAsync(TestBed.Vip, settleMilliseconds: 1500);
        using var watch = new CancellationTokenSource();
        await using (prober)
        {
            var events = await Bed.Etcd[0].Gateway.WatchAsync(election.LockKey, watch.Token);
            var at = BedClock.Now;
            await Bed.KillHostAsync(election.Holder);
            await prober.AnotherAnswersAsync(election.Holder, patience);
            await prober.MoreRequestsAsync(1500);
            var result = await MeasureAsync(prober, election, at, dead: true, events);
            await watch.CancelAsync();
            if (result.Lock.Count > 0)
                result.Figures["after_lock"] = result.Outcome.FirstNew!.Value - BedClock.Milliseconds(result.Lock[0].At - at);
            return result;
        }
    }

    /// <summary>Nobody starts the agent again; its host goes on.</summary>
    internal async Task<Measurement> KillAsync(EndpointWish? wish = null)
    {
        var (election, prober) = await HoldAsync(TestBed.Vip, settleMilliseconds: 1500, wish);
        await using (prober)
        {
            var at = BedClock.Now;
            election.Holder.KillAgent();
            await prober.AnotherAnswersAsync(election.Holder, patience);
            await prober.MoreRequestsAsync(4000);
            return await MeasureAsync(prober, election, at);
        }
    }

    /// <summary>The agent is stopped or killed and started again at once.</summary>
    /// <param name="watch">Milliseconds to watch afterwards: longer than the lease.</param>
    internal async Task<Measurement> RestartAsync(bool kill, int watch)
    {
        var (election, prober) = await HoldAsync(TestBed.Vip, settleMilliseconds: 1500);
        await using (prober)
        {
            var at = BedClock.Now;
            var code = 0;
            if (kill)
                election.Holder.KillAgent();
            else
                code = await election.Holder.StopAgentAsync();
            await election.Holder.StartAgentAsync();
            await Bed.WaitForHolderAsync(election, patience);
            var back = BedClock.MillisecondsSince(at);
            await prober.MoreRequestsAsync(watch);
            var result = await MeasureAsync(prober, election, at);
            result.Figures["back"] = back;
            result.Figures["exit_code"] = code;
            return result;
        }
    }

    /// <summary>The agent does not run for longer than its lease (a paused virtual machine), and then goes on.</summary>
    internal async Task<Measurement> PauseAsync()
    {
        var (election, prober) = await HoldAsync(TestBed.Vip, settleMilliseconds: 1500);
        await using (prober)
        {
            var at = BedClock.Now;
            election.Holder.Agent!.Signal(LibC.SIGSTOP);
            await prober.AnotherAnswersAsync(election.Holder, patience);
            await Wait.UntilAsync("the paused host loses the address", () => Bed.HoldersOf(election.Address) is [var only] && only != election.Holder, patience);
            var resumed = BedClock.Now;
            election.Holder.Agent.Signal(LibC.SIGCONT);
            await prober.MoreRequestsAsync(3000);
            var result = await MeasureAsync(prober, election, at);
            result.Figures["two_after_resume"] = BedClock.Milliseconds(
                Link.Tests.Bed.Holders.Of(Bed, election.Address, resumed, BedClock.Now, election.Holder, dead: false).TwoOrMore);
            return result;
        }
    }
}
