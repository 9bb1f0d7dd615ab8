using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>A webhook endpoint of our agent, for whose lock LinK's agent competes; the test plays that one by its transactions.</summary>
public sealed class MixedWebhookTests(ModerateLeaseBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ModerateLeaseBed>
{
    private const int Port = 9;
    private const string Lock = "/link/default/webhook/front";
    private const string Competitor = "/link/ips/webhook/front/linkhost";
    private const string Present = """{"updated_at":"2026-03-04T05:06:07.123456789Z"}""";

    private long _lease;

    private AgentHost Ours => Bed.Host(1);

    private EtcdGateway Etcd => Bed.Etcd[0].Gateway;

    [Fact]
    public async Task LinKs_lock_is_LinKs_with_a_new_lease_too_until_it_is_handed_over_and_ours_hands_it_back()
    {
        using var hooks = await StartAsync();
        await CompeteAsync();
        Assert.True(await Etcd.PutIfAbsentAsync(Lock, "linkhost", _lease));
        var id = await AddAsync();
        await WaitForStateAsync(Ours, id, "STANDBY");

        var old = _lease;
        _lease = await Etcd.GrantAsync(600);
        Assert.True(await Etcd.PutIfLeaseAsync(Lock, "linkhost", old, _lease));
        await Etcd.RevokeAsync(old);
        var answer = await Ours.Api.FailoverAsync(id);
        Assert.Equal(409, answer.Status);
        Assert.Equal("STANDBY", await Ours.Api.StateAsync(id));
        Assert.DoesNotContain(hooks.Requests, static request => request.Status == "ACTIVATED");

        Assert.True(await Etcd.DeleteIfLeaseAsync(Lock, _lease));
        await CompeteAsync();
        await HoldsAsync(hooks, id);

        var handedOver = Ours.Api.FailoverAsync(id);
        await TakeAsync();
        (await handedOver).Expect(204);
        await WaitForStateAsync(Ours, id, "STANDBY");
        await Wait.UntilAsync("STANDBY", () => hooks.Requests[^1].Status == "STANDBY", Patience);

        // LinK's host dies.
        await Etcd.RevokeAsync(_lease);
        await HoldsAsync(hooks, id);
    }

    [Fact]
    public async Task An_agent_that_slept_through_the_loss_of_its_lock_tells_nobody_any_more_that_it_is_activated()
    {
        using var hooks = await StartAsync(With("WEBHOOK_REFRESH_INTERVAL", "2s"));
        var id = await AddAsync();
        await HoldsAsync(hooks, id);
        var first = hooks.Requests.Count;
        // The next refresh is due while it sleeps.
        await Wait.UntilAsync("a refresh", () => hooks.Requests.Count > first, Patience);
        var agent = Ours.Agent!;
        agent.Signal(LibC.SIGSTOP);
        try
        {
            await TakeAsync();
            var told = hooks.Requests.Count;
            agent.Signal(LibC.SIGCONT);
            await WaitForStateAsync(Ours, id, "STANDBY");
            await Wait.UntilAsync("STANDBY", () => hooks.Requests[^1].Status == "STANDBY", Patience);
            Assert.All(hooks.Requests.Skip(told), static request => Assert.Equal("STANDBY", request.Status));
        }
        finally
        {
            agent.Signal(LibC.SIGCONT);
        }
    }

    [Fact]
    public async Task Deleted_there_it_is_ours_and_deleted_here_it_is_LinKs_and_nothing_of_ours_is_left()
    {
        using var hooks = await StartAsync();
        await CompeteAsync();
        Assert.True(await Etcd.PutIfAbsentAsync(Lock, "linkhost", _lease));
        var id = await AddAsync();
        await WaitForStateAsync(Ours, id, "STANDBY");
        Assert.True(await Etcd.DeleteIfLeaseAsync(Lock, _lease));
        await Etcd.DeleteAsync(Competitor);
        await HoldsAsync(hooks, id);

        await CompeteAsync();
        await Wait.UntilAsync("LinK as a competitor", async () => (await Ours.Api.CompetitorsAsync(id)).Count == 2, Patience);
        var deleted = Ours.Api.DeleteAsync(id);
        await TakeAsync();
        (await deleted).Expect(204);
        await Wait.UntilAsync("STANDBY", () => hooks.Requests[^1].Status == "STANDBY", Patience);
        Assert.Equal(_lease, (await Etcd.FindAsync(Lock))!.Value.Lease);
        Assert.Equal([Competitor], (await Etcd.ListAsync("/link/ips/")).Select(static pair => pair.Key));
        Assert.Empty(await Etcd.ListAsync($"/link/hosts/{Ours.Name}/"));
        Assert.Empty(await Etcd.ListAsync("/link/secrets/"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ours_is_restarted_while_LinK_stands_by_and_tries_all_the_time_and_keeps_the_lock(bool kill)
    {
        using var hooks = await StartAsync();
        var id = await AddAsync();
        await HoldsAsync(hooks, id);
        await CompeteAsync();
        var before = await Etcd.FindAsync(Lock);
        var told = hooks.Requests.Count;
        using var stop = new CancellationTokenSource();
        var tries = TryAllTheTimeAsync(stop.Token);
        if (kill)
            Ours.KillAgent();
        else
            await Ours.StopAgentAsync();
        await Ours.StartAgentAsync();
        await Wait.UntilAsync("word of the new process", () => hooks.Requests.Count > told, Patience);
        await HoldsAsync(hooks, id);
        await stop.CancelAsync();
        Assert.Equal(0, await tries);
        Assert.Equal(before, await Etcd.FindAsync(Lock));
        Assert.All(hooks.Requests, static request => Assert.Equal("ACTIVATED", request.Status));
    }

    private async Task<HookReceiver> StartAsync(IReadOnlyDictionary<string, string>? environment = null)
    {
        await Bed.StartAgentsAsync(environment, Ours);
        _lease = await Etcd.GrantAsync(600);
        return new HookReceiver(Ours.Namespace, Port);
    }

    private Task CompeteAsync() => Etcd.PutAsync(Competitor, Present);

    /// <summary>As LinK does when another's competitor key changes, or with its next poll.</summary>
    private Task TakeAsync() => Wait.UntilAsync("LinK's turn", () => Etcd.PutIfAbsentAsync(Lock, "linkhost", _lease), Patience);

    /// <returns>How often it got the lock.</returns>
    private async Task<int> TryAllTheTimeAsync(CancellationToken stop)
    {
        var taken = 0;
        while (!stop.IsCancellationRequested)
            taken += await Etcd.PutIfAbsentAsync(Lock, "linkhost", _lease) ? 1 : 0;
        return taken;
    }

    private Task<string> AddAsync() => Ours.Api.AddWebhookAsync($"http://127.0.0.1:{Port}/hook", "front");

    /// <summary>Waits until ours holds, and the receiver has heard it with the lock's revision.</summary>
    private async Task HoldsAsync(HookReceiver hooks, string id)
    {
        await WaitForStateAsync(Ours, id, "ACTIVATED");
        var held = (await Etcd.FindAsync(Lock))!.Value;
        Assert.Equal(Ours.Name, held.Value);
        await Wait.UntilAsync("word of it", () => hooks.Requests is [.., { Status: "ACTIVATED" } last] && last.Revision == held.ModRevision, Patience);
    }
}
