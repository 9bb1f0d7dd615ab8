using System.Text.Json.Nodes;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>Webhook endpoints of several hosts, and one receiver that all of them tell.</summary>
public sealed class WebhookTests(ModerateLeaseBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ModerateLeaseBed>
{
    private const int Port = 9;
    private const string Activated = "ACTIVATED";
    private const string Standby = "STANDBY";
    private const string Failing = "FAILING";

    [Fact]
    public async Task Whatever_moves_an_endpoint_the_receiver_can_tell_the_holder_by_the_revision()
    {
        using var hooks = await StartAsync();
        var ids = new Dictionary<AgentHost, string>();
        foreach (var host in Bed.Hosts)
        {
            ids[host] = await AddAsync(host, "front");
            await WaitForStateAsync(host, ids[host], ids.Count == 1 ? Activated : Standby);
        }

        var holder = await HolderAsync(hooks, ids);
        Assert.Equal(Bed.Host(1), holder);

        (await holder.Api.FailoverAsync(ids[holder])).Expect(204);
        holder = await NextHolderAsync(hooks, ids, holder);

        await holder.Api.SetChecksAsync(ids[holder], new JsonObject { ["type"] = "TCP", ["host"] = "127.0.0.1", ["port"] = 1 });
        var failing = holder;
        holder = await NextHolderAsync(hooks, ids, failing);
        await WaitForStateAsync(failing, ids[failing], Failing);
        await failing.Api.SetChecksAsync(ids[failing]);
        await WaitForStateAsync(failing, ids[failing], Standby);

        Assert.InRange((await holder.Api.PostAsync("/drain")).Status, 200, 204);
        var drained = holder;
        holder = await NextHolderAsync(hooks, ids, drained);
        Assert.InRange((await drained.Api.PostAsync("/undrain")).Status, 200, 204);

        (await holder.Api.DeleteAsync(ids[holder])).Expect(204);
        ids.Remove(holder, out _);
        holder = await NextHolderAsync(hooks, ids, holder);

        await Bed.KillHostAsync(holder);
        var dead = holder;
        holder = await NextHolderAsync(hooks, ids, dead, isDead: true);
        Assert.Equal(Activated, hooks.Requests.Last(request => request.Hostname == dead.Name).Status);

        // Back, it ends what its earlier process left, which a receiver that goes by the revision does not take for the holder's word.
        await Bed.SetLinkAsync(dead, up: true);
        await dead.StartAgentAsync();
        await NextHolderAsync(hooks, ids, dead);
        await WaitForStateAsync(dead, ids[dead], Standby);
        Assert.Equal(holder.Name, HolderBy(hooks.Requests));

        var activations = hooks.Requests.Where(static request => request.Status == Activated).ToList();
        Assert.Equal(6, activations.Select(static request => request.Revision).Distinct().Count());
        Assert.Equal(activations.Select(static request => request.Revision).Order(), activations.Select(static request => request.Revision));
        Assert.All(activations.GroupBy(static request => request.Revision), static held => Assert.Single(held.Select(static request => request.Hostname).Distinct()));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_restarted_agent_tells_the_receiver_again_and_moves_nothing(bool kill)
    {
        using var hooks = await StartAsync(null, Bed.Host(1), Bed.Host(2));
        var (holder, other) = (Bed.Host(1), Bed.Host(2));
        var id = await AddAsync(holder, "front");
        await WaitForStateAsync(holder, id, Activated);
        var otherId = await AddAsync(other, "front");
        await WaitForStateAsync(other, otherId, Standby);
        await Wait.UntilAsync("a request of the holder's", () => HolderBy(hooks.Requests) == holder.Name, Patience);
        var before = await Bed.Etcd[0].Gateway.FindAsync(LockOf("front"));
        var told = hooks.Requests.Count(request => request.Hostname == holder.Name);

        if (kill)
            holder.KillAgent();
        else
            await holder.StopAgentAsync();
        await holder.StartAgentAsync();
        await Wait.UntilAsync("another request of the holder's", () => hooks.Requests.Count(request => request.Hostname == holder.Name) > told, Patience);
        await WaitForStateAsync(holder, id, Activated);
        Assert.All(hooks.Requests.Where(request => request.Hostname == holder.Name), request => Assert.Equal((Activated, before!.Value.ModRevision), (request.Status, request.Revision)));
        Assert.All(hooks.Requests.Where(request => request.Hostname == other.Name), static request => Assert.Equal(Standby, request.Status));
        Assert.Equal(before, await Bed.Etcd[0].Gateway.FindAsync(LockOf("front")));
    }

    [Fact]
    public async Task A_receiver_that_hangs_keeps_neither_the_lease_nor_other_endpoints_nor_a_deletion_waiting()
    {
        using var hooks = await StartAsync(BedOptions.ShortLease, Bed.Host(1), Bed.Host(2));
        hooks.Answer = static request => request.ResourceId.StartsWith("stuck", StringComparison.Ordinal) ? null : 204;
        var (holder, other) = (Bed.Host(1), Bed.Host(2));
        var vip = await holder.Api.AddAsync(TestBed.Vip);
        var good = await AddAsync(holder, "good");
        await WaitForStateAsync(holder, good, Activated);
        await Bed.WaitUntilHeldAsync(holder, TestBed.Vip);
        await other.Api.AddAsync(TestBed.Vip);
        await AddAsync(other, "good");
        await Wait.UntilAsync("competitors", async () => (await holder.Api.CompetitorsAsync(good)).Count == 2 && (await holder.Api.CompetitorsAsync(vip)).Count == 2, Patience);
        string[] stuck = [await AddAsync(holder, "stuck-1"), await AddAsync(holder, "stuck-2"), await AddAsync(holder, "stuck-3")];
        await Wait.UntilAsync("three calls that hang", () => hooks.UnderWay.Count == 3, Patience);
        var locks = await Task.WhenAll(Enumerable.Range(1, 3).Select(i => Bed.Etcd[0].Gateway.FindAsync(LockOf($"stuck-{i}"))));

        var at = BedClock.Now;
        (await holder.Api.FailoverAsync(vip)).Expect(204);
        await Bed.WaitUntilHeldAsync(other, TestBed.Vip);
        (await holder.Api.FailoverAsync(good)).Expect(204);
        await Wait.UntilAsync("the other endpoint's new holder", () => HolderBy(hooks.Requests.Where(static request => request.ResourceId == "good")) == other.Name, Patience);
        Show($"two failovers beside calls that hang: {BedClock.MillisecondsSince(at)} ms");

        // A call has five seconds, the lease three.
        await Wait.UntilAsync("a second try of each", () => stuck.All(id => CallsOf(hooks, id).Count() >= 2), Patience);
        Assert.Equal(locks, await Task.WhenAll(Enumerable.Range(1, 3).Select(i => Bed.Etcd[0].Gateway.FindAsync(LockOf($"stuck-{i}")))));
        foreach (var id in stuck)
        {
            var shown = (await holder.Api.GetAsync($"/endpoints/{id}")).Expect(200).Json["endpoint"]!;
            Assert.Equal(Activated, (string?)shown["status"]);
            Assert.StartsWith($"{TestBed.ClientAddress}:{Port} gave no answer within ", (string?)shown["last_error"], StringComparison.Ordinal);
            Assert.InRange(DateTimeOffset.Parse((string)shown["last_error_at"]!, null), DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow);
            Assert.Single(CallsOf(hooks, id).Select(static request => request.DeliveryId).Distinct());
        }

        Assert.Contains("gave no answer within ", await Tool.RunAsync(Programs.LinkClient, ["--socket", holder.Socket, "show", stuck[0]]), StringComparison.Ordinal);

        await Wait.UntilAsync("calls that hang", () => hooks.UnderWay.Count == 3, Patience);
        foreach (var id in stuck)
            (await holder.Api.DeleteAsync(id)).Expect(204);
        Assert.All(await Task.WhenAll(Enumerable.Range(1, 3).Select(i => Bed.Etcd[0].Gateway.FindAsync(LockOf($"stuck-{i}")))), static entry => Assert.Null(entry));
        await Wait.UntilAsync("the newest wish", () => stuck.All(id => CallsOf(hooks, id).Last().Status == Standby), Patience);
    }

    [Fact]
    public async Task A_host_whose_receiver_always_fails_gives_the_endpoint_to_another_and_competes_again_after_its_rest()
    {
        var (bad, good) = (Bed.Host(1), Bed.Host(2));
        using var hooks = await StartAsync(null, bad, good);
        hooks.Answer = request => request.Hostname == bad.Name ? 500 : 204;
        var id = await AddAsync(bad, "front");
        await WaitForStateAsync(bad, id, Activated);
        var goodId = await AddAsync(good, "front");

        await WaitForStateAsync(bad, id, Failing);
        await WaitForStateAsync(good, goodId, Activated);
        await Wait.UntilAsync("word of the holder", () => HolderBy(hooks.Requests) == good.Name, Patience);
        var shown = (await bad.Api.GetAsync($"/endpoints/{id}")).Expect(200).Json["endpoint"]!;
        Assert.StartsWith($"{TestBed.ClientAddress}:{Port} answered 500: ", (string?)shown["last_error"], StringComparison.Ordinal);
        var activations = CallsOf(hooks, id).Where(static request => request.Status == Activated).ToList();
        Assert.InRange(activations.Count, 3, int.MaxValue);
        Assert.Single(activations.Select(static request => request.DeliveryId).Distinct());

        // Its rest is over, and the other one keeps what works.
        hooks.Answer = static _ => 204;
        await WaitForStateAsync(bad, id, Standby);
        Assert.Equal(Activated, await good.Api.StateAsync(goodId));
        (await good.Api.FailoverAsync(goodId)).Expect(204);
        await WaitForStateAsync(bad, id, Activated);
        await Wait.UntilAsync("word of the holder", () => HolderBy(hooks.Requests) == bad.Name, Patience);
    }

    /// <summary>Fresh agents, and a receiver that the agents of the test before do not tell any more.</summary>
    private async Task<HookReceiver> StartAsync(IReadOnlyDictionary<string, string>? extra = null, params AgentHost[] hosts)
    {
        await Bed.StartAgentsAsync(extra, hosts);
        return new HookReceiver(Bed.Client, Port, TestBed.ClientAddress);
    }

    private static string LockOf(string resource) => $"/link/default/webhook/{resource}";

    private static IEnumerable<HookRequest> CallsOf(HookReceiver hooks, string id) => hooks.Requests.Where(request => request.EndpointId == id);

    private static Task<string> AddAsync(AgentHost host, string resource) => host.Api.AddWebhookAsync($"http://{TestBed.ClientAddress}:{Port}/hook", resource);

    /// <summary>What a receiver makes of all that it heard: a word with an older revision than one before is no news.</summary>
    private static string? HolderBy(IEnumerable<HookRequest> requests)
    {
        string? holder = null;
        var newest = 0L;
        foreach (var request in requests.Where(request => request.Revision >= newest))
        {
            newest = request.Revision;
            holder = request.Status == Activated ? request.Hostname : request.Hostname == holder ? null : holder;
        }

        return holder;
    }

    /// <summary>Waits until one agent alone is ACTIVATED and the receiver takes it for the holder.</summary>
    private static async Task<AgentHost> HolderAsync(HookReceiver hooks, Dictionary<AgentHost, string> ids)
    {
        AgentHost? holder = null;
        await Wait.UntilAsync("one holder", async () =>
        {
            var living = ids.Keys.Where(static host => host.Agent is { Runs: true }).ToList();
            var states = await Task.WhenAll(living.Select(host => host.Api.StateAsync(ids[host])));
            holder = living.Zip(states).Where(static pair => pair.Second == Activated).Select(static pair => pair.First).FirstOrDefault();
            return states.Count(static state => state == Activated) == 1 && HolderBy(hooks.Requests) == holder!.Name;
        }, Patience);
        return holder!;
    }

    /// <summary>The same for another host, and until the former one has said that it is on standby, unless it is dead.</summary>
    private static async Task<AgentHost> NextHolderAsync(HookReceiver hooks, Dictionary<AgentHost, string> ids, AgentHost former, bool isDead = false)
    {
        await Wait.UntilAsync($"another holder than {former}", () => HolderBy(hooks.Requests) is { } name && name != former.Name, Patience);
        if (!isDead)
            await Wait.UntilAsync($"the last word of {former}", () => hooks.Requests.Last(request => request.Hostname == former.Name).Status == Standby, Patience);
        return await HolderAsync(hooks, ids);
    }
}
