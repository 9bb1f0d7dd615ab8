namespace Link.Tests.Bed;

/// <summary>etcd does not answer: to one host, or to any.</summary>
internal sealed partial class Scenarios
{
    /// <summary>
    /// The holder loses etcd, but not its network, and later gets it back. Figure <c>two_after</c>: time with two holders from half a second after
    /// the takeover on; <c>two_again</c>: from when the holder had let go on.
    /// </summary>
    /// <param name="watch">Milliseconds between the takeover and the heal.</param>
    internal async Task<Measurement> CutHolderAsync(bool reject, int watch, EndpointWish? wish = null)
    {
        var (election, prober) = await HoldAsync(TestBed.Vip, settleMilliseconds: 1500, wish);
        await using (prober)
        {
            var at = BedClock.Now;
            await Bed.CutFromEtcdAsync(election.Holder, reject);
            await prober.AnotherAnswersAsync(election.Holder, patience);
            var takeover = BedClock.Now;
            await Wait.UntilAsync("the holder lets go", () => Bed.HoldersOf(election.Address) is [var only] && only != election.Holder, patience);
            var alone = BedClock.Now;
            await prober.MoreRequestsAsync(watch);
            await Bed.HealAsync(election.Holder);
            var healed = BedClock.Now;
            var after = await Bed.WaitForHolderAsync(election, patience);
            await prober.MoreRequestsAsync(1500);
            var result = await MeasureAsync(prober, election, at);
            result.Figures["two_after"] = BedClock.Milliseconds(
                Link.Tests.Bed.Holders.Of(Bed, election.Address, takeover + 500_000_000, BedClock.Now, election.Holder, dead: false).TwoOrMore);
            result.Figures["two_again"] = BedClock.Milliseconds(
                Link.Tests.Bed.Holders.Of(Bed, election.Address, alone, BedClock.Now, election.Holder, dead: false).TwoOrMore);
            result.Figures["moves_after_heal"] = Link.Tests.Bed.Holders.Of(Bed, election.Address, healed, BedClock.Now, election.Holder, dead: false).Moves;
            result.Figures["holder_changed"] = after.Holder == election.Holder ? 0 : 1;
            return result;
        }
    }

    /// <summary>All of etcd is gone for some time (killed, or silent: its packets vanish) and then comes back with its data.</summary>
    /// <param name="gone">Milliseconds.</param>
    internal async Task<Measurement> EtcdGoneAsync(bool silent, int gone, EndpointWish? wish = null)
    {
        var (election, prober) = await HoldAsync(TestBed.Vip, settleMilliseconds: 1500, wish);
        await using (prober)
        {
            var at = BedClock.Now;
            await LoseEtcdAsync(silent);
            await prober.MoreRequestsAsync(gone);
            var back = BedClock.Now;
            var without = Link.Tests.Bed.Holders.Of(Bed, election.Address, at, back, election.Holder, dead: false);
            var holders = Bed.HoldersOf(election.Address).Count;
            await ReturnEtcdAsync(silent);
            await Bed.WaitForHolderAsync(election, patience);
            await prober.MoreRequestsAsync(1500);
            var result = await MeasureAsync(prober, election, at);
            result.Figures["most_holders"] = without.Most;
            result.Figures["holders_without_etcd"] = holders;
            result.Figures["nobody_without_etcd"] = BedClock.Milliseconds(without.None);
            result.Figures["two_without_etcd"] = BedClock.Milliseconds(without.TwoOrMore);
            result.Figures["moves_without_etcd"] = without.Moves;
            return result;
        }
    }

    /// <summary>etcd dies, and then the holder's host. The outcome counts from the second death; figure <c>after_etcd</c> from the first.</summary>
    /// <param name="between">Milliseconds from one to the other.</param>
    internal async Task<Measurement> EtcdAndHolderDieAsync(int between)
    {
        var (election, prober) = await HoldAsync(TestBed.Vip, settleMilliseconds: 1500);
        await using (prober)
        {
            var first = BedClock.Now;
            await LoseEtcdAsync(silent: false);
            if (between > 0)
                await prober.MoreRequestsAsync(between);
            election = election with { Holder = Assume(Bed.HoldersOf(election.Address)) };
            var at = BedClock.Now;
            await Bed.KillHostAsync(election.Holder);
            await prober.AnotherAnswersAsync(election.Holder, patience);
            await prober.MoreRequestsAsync(5000);
            var result = await MeasureAsync(prober, election, at, dead: true);
            result.Figures["after_etcd"] = result.Outcome.FirstNew!.Value + BedClock.Milliseconds(at - first);
            return result;
        }
    }

    internal async Task LoseEtcdAsync(bool silent)
    {
        foreach (var member in Bed.Etcd)
        {
            if (silent)
                await Tool.RunAsync("ip", $"-n {Bed.Bridge.Name} link set p-{member.Name} down");
            else
                member.Kill();
        }
    }

    internal async Task ReturnEtcdAsync(bool silent)
    {
        if (!silent)
            await Bed.StartEtcdAsync(wipe: false);
        foreach (var member in Bed.Etcd.Where(_ => silent))
            await Tool.RunAsync("ip", $"-n {Bed.Bridge.Name} link set p-{member.Name} up");
    }

    private static AgentHost Assume(IReadOnlyList<AgentHost> holders) =>
        holders is [var only] ? only : throw new InvalidOperationException($"{holders.Count} holders where one was expected: {string.Join(' ', holders)}");
}
