using System.Net;

namespace Link.Tests.Bed;

/// <summary>Moves while everybody is alive.</summary>
internal sealed partial class Scenarios
{
    /// <param name="settle">How long the holder has had the address, milliseconds.</param>
    /// <param name="to">The wanted successor, of those that do not hold.</param>
    internal async Task<Measurement> PlannedFailoverAsync(IPAddress? address = null, int settle = 1500, Func<ElectedVip, AgentHost>? to = null)
    {
        var (election, prober) = await HoldAsync(address, settle);
        await using (prober)
            return await FailOverAsync(election, prober, to?.Invoke(election));
    }

    /// <summary>Two failovers, the second 0.3 s after the first: neighbours ignore most announcements that soon after another.</summary>
    internal async Task<Measurement> EarlyFailoverAsync()
    {
        var (first, prober) = await HoldAsync(TestBed.Vip, settleMilliseconds: 1500);
        await using (prober)
        {
            (await first.Holder.Api.FailoverAsync(first.HolderId)).Expect(204);
            await prober.AnotherAnswersAsync(first.Holder, patience);
            await prober.MoreRequestsAsync(300);
            var second = await Bed.WaitForHolderAsync(first, patience);
            return await FailOverAsync(second, prober, to: null);
        }
    }

    /// <summary>The holder's endpoint is deleted.</summary>
    internal async Task<Measurement> DeleteAsync()
    {
        var (election, prober) = await HoldAsync(TestBed.Vip, settleMilliseconds: 1500);
        await using (prober)
        {
            var at = BedClock.Now;
            (await election.Holder.Api.DeleteAsync(election.HolderId)).Expect(204);
            var answered = BedClock.MillisecondsSince(at);
            var kept = Bed.HoldersOf(election.Address).Contains(election.Holder);
            await prober.AnotherAnswersAsync(election.Holder, patience);
            await prober.MoreRequestsAsync(1000);
            var result = await MeasureAsync(prober, election, at);
            result.Figures["answered"] = answered;
            result.Figures["kept"] = kept ? 1 : 0;
            return result;
        }
    }

    /// <summary>
    /// The holder's health check fails: the service it looks at is closed, while the address goes on answering until the agent has seen it. So all
    /// of the outage comes after the detection.
    /// </summary>
    internal async Task<Measurement> HealthCheckFailsAsync()
    {
        await Bed.ResetAsync();
        var listeners = Bed.Hosts.ToDictionary(host => host, host => new LocalListener(host.Namespace, CheckedPort));
        try
        {
            var (election, prober) = await HoldAsync(TestBed.Vip, settleMilliseconds: 1500, new EndpointWish { CheckedPort = CheckedPort });
            await using (prober)
            {
                var at = BedClock.Now;
                listeners[election.Holder].Dispose();
                await prober.AnotherAnswersAsync(election.Holder, patience);
                await prober.MoreRequestsAsync(1000);
                var result = await MeasureAsync(prober, election, at);
                result.Figures["failing"] = await election.Holder.Api.StateAsync(election.HolderId) == "FAILING" ? 1 : 0;
                listeners[election.Holder] = new LocalListener(election.Holder.Namespace, CheckedPort);
                await Wait.UntilAsync("recovery of the failed host", async () => await election.Holder.Api.StateAsync(election.HolderId) == "STANDBY", patience);
                return result;
            }
        }
        finally
        {
            foreach (var listener in listeners.Values)
                listener.Dispose();
        }
    }

    /// <summary>A fresh agent, and an endpoint as soon as its API answers: from the first request, refused or not, to the address, milliseconds.</summary>
    internal async Task<double> FirstActivationAsync(IReadOnlyDictionary<string, string>? extra = null)
    {
        await Bed.ResetAsync();
        await Bed.Host(1).StartAgentAsync(extra);
        var at = BedClock.Now;
        await Wait.UntilAsync("201 of POST /endpoints", async () =>
            (await Bed.Host(1).Api.PostAsync("/endpoints", new EndpointWish().ToJson(TestBed.Vip))).Status == 201, patience);
        await Wait.UntilAsync("address", () => Bed.HoldersOf(TestBed.Vip).Count == 1, patience);
        return BedClock.Milliseconds(Bed.Addresses.Events(TestBed.Vip)[^1].At - at);
    }

    /// <summary>Somebody removes the address from the holder: from the removal to its return.</summary>
    internal async Task<Measurement> RemovedByHandAsync(IPAddress? address = null)
    {
        var (election, prober) = await HoldAsync(address, settleMilliseconds: 1500);
        await using (prober)
        {
            var at = BedClock.Now;
            await Bed.RemoveAddressAsync(election.Holder, election.Address);
            await Wait.UntilAsync("return of the address", () => Bed.Addresses.Events(election.Address)[^1] is { Added: true } back && back.At > at, patience);
            await prober.MoreRequestsAsync(500);
            var result = await MeasureAsync(prober, election, at);
            var events = Bed.Addresses.Events(election.Address).Where(entry => entry.At > at).ToList();
            result.Figures["restored"] = BedClock.Milliseconds(events.First(entry => entry.Added).At - events[0].At);
            return result;
        }
    }

    private async Task<Measurement> FailOverAsync(ElectedVip election, Prober prober, AgentHost? to)
    {
        var at = BedClock.Now;
        var answer = await election.Holder.Api.FailoverAsync(election.HolderId, to?.Name);
        var answered = BedClock.MillisecondsSince(at);
        answer.Expect(204);
        await prober.AnotherAnswersAsync(election.Holder, patience);
        await prober.MoreRequestsAsync(1500);
        var result = await MeasureAsync(prober, election, at);
        result.Figures["answered"] = answered;
        return result;
    }
}
