using System.Net;
using System.Text.Json.Nodes;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>A receiver that lets the agents' calls wait, and what happens to the endpoint meanwhile.</summary>
public sealed class SlowWebhookTests(ShortLeaseBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ShortLeaseBed>
{
    private const int Port = 9;
    private const string Lock = "/link/default/webhook/front";
    private const string Activated = "ACTIVATED";
    private const string Standby = "STANDBY";

    private static readonly string Url = $"http://{TestBed.ClientAddress}:{Port}/hook";

    private static readonly JsonObject Failing = new() { ["type"] = "TCP", ["host"] = "127.0.0.1", ["port"] = 1 };

    private readonly Dictionary<AgentHost, string> _ids = [];

    [Fact]
    public async Task Whatever_is_wished_while_calls_hang_no_host_makes_two_at_once_and_the_last_one_delivered_is_the_newest_wish()
    {
        using var hooks = Receive();
        hooks.Answer = static _ => null;
        await CompeteAsync();
        var holder = await HangsAsync(hooks);

        // Handed over again and again, the next time before the last call can have ended.
        for (var moves = 0; moves < 8; moves++)
        {
            var next = holder == Bed.Host(1) ? Bed.Host(2) : Bed.Host(1);
            (await holder.Api.FailoverAsync(_ids[holder], next.Name)).Expect(204);
            holder = next;
        }

        holder = await HangsAsync(hooks);
        await holder.Api.SetChecksAsync(_ids[holder], Failing.DeepClone());
        var failing = holder;
        holder = await HangsAsync(hooks, not: failing);
        await failing.Api.SetChecksAsync(_ids[failing]);
        await WaitForStateAsync(failing, _ids[failing], Standby);

        var deleted = (Host: holder, Id: _ids[holder]);
        (await holder.Api.DeleteAsync(deleted.Id)).Expect(204);
        _ids.Remove(holder);
        holder = await HangsAsync(hooks, not: holder);
        _ids[deleted.Host] = await deleted.Host.Api.AddWebhookAsync(Url, "front");
        (await holder.Api.FailoverAsync(_ids[holder], deleted.Host.Name)).Expect(204);
        holder = await HangsAsync(hooks, not: holder);
        Assert.Equal(deleted.Host, holder);
        Assert.Empty(hooks.Answered);

        hooks.Answer = static _ => 204;
        await Wait.UntilAsync("the newest wishes, delivered", () =>
            _ids.All(pair => LastAnswered(hooks, pair.Value) == (pair.Key == holder ? Activated : Standby)) && LastAnswered(hooks, deleted.Id) == Standby, Patience);
        foreach (var (host, id) in _ids)
            Assert.Equal(host == holder ? Activated : Standby, await host.Api.StateAsync(id));
        Assert.Empty(hooks.Overlapping);
        Show($"{hooks.Requests.Count} calls, {hooks.Answered.Count} answered");
    }

    [Fact]
    public async Task A_host_whose_lock_was_taken_while_its_call_waited_asks_etcd_and_does_not_make_it()
    {
        using var hooks = Receive();
        hooks.Answer = static request => request.Status == Activated ? 500 : 204;
        var host = Bed.Host(1);
        var member = Bed.Etcd[0];
        using var relay = new LocalRelay(host.Namespace, EtcdMember.ClientPort, new IPEndPoint(member.Address, EtcdMember.ClientPort));
        await Bed.StartAgentsAsync(
            new Dictionary<string, string>
            {
                ["ETCD_HOSTS"] = $"http://127.0.0.1:{EtcdMember.ClientPort}", ["KEEPALIVE_INTERVAL"] = "10s", ["PLUGIN_ENSURE_INTERVAL"] = "2s", ["PLUGIN_ENSURE_MAX_BACKOFF_INTERVAL"] = "3s",
            },
            host);
        var id = await host.Api.AddWebhookAsync(Url, "front");
        var others = await member.Gateway.GrantAsync(600);
        for (var round = 0; round < 3; round++)
        {
            // The call failed and waits for its next turn. Asleep, the agent cannot ask before the lock is taken, and call after it.
            var told = hooks.Answered.Count;
            await Wait.UntilAsync("a call that failed", () => hooks.Answered.Skip(told).Any(static request => request.Status == Activated), Patience);
            host.Agent!.Signal(LibC.SIGSTOP);
            try
            {
                var held = (await member.Gateway.FindAsync(Lock))!.Value;
                told = hooks.Requests.Count;
                relay.Hold();
                Assert.True(await member.Gateway.PutIfLeaseAsync(Lock, "another", held.Lease, others));
                host.Agent.Signal(LibC.SIGCONT);

                // No word of it has come to the agent: it has to ask.
                await Wait.UntilAsync("a look at the lock", () => relay.Asked.Contains(Lock, StringComparison.Ordinal), Patience);
                relay.Release();
                await WaitForStateAsync(host, id, Standby);
                await Wait.UntilAsync("the newest wish, delivered", () => LastAnswered(hooks, id) == Standby, Patience);
            }
            finally
            {
                host.Agent.Signal(LibC.SIGCONT);
                relay.Release();
            }

            // A call without etcd's answer would have no revision.
            Assert.All(hooks.Requests.Skip(told).Where(static request => request.Revision != 0), static request => Assert.Equal(Standby, request.Status));
            Assert.True(await member.Gateway.DeleteIfLeaseAsync(Lock, others));
        }

        Assert.Empty(hooks.Overlapping);
    }

    [Theory]
    [InlineData(204, 0, "")]
    [InlineData(500, 1, " answered 500: ")]
    [InlineData(null, 1, " gave no answer within ")]
    public async Task An_addition_that_waits_tells_how_the_first_call_ended(int? answer, int code, string error)
    {
        using var hooks = Receive();
        hooks.Answer = _ => answer;
        var host = Bed.Host(1);
        await Bed.StartAgentsAsync(null, host);
        var result = await Tool.TryAsync(
            Programs.LinkClient,
            ["--socket", host.Socket, "add", "--plugin", "webhook", "--url", Url, "--resource-id", "front", "--secret", "-", "--wait", "--wait-timeout", "60s"],
            "shared",
            patience: TimeSpan.FromSeconds(90));
        Assert.Equal(code, result.Code);
        Assert.NotEmpty(hooks.Requests);
        Assert.Contains(error, result.Error, StringComparison.Ordinal);
        Assert.Contains($"(webhook/front) {(code == 0 ? "added: ACTIVATED, holder h1" : "is added and ACTIVATED, but ")}", result.Output + result.Error, StringComparison.Ordinal);
    }

    private HookReceiver Receive() => new(Bed.Client, Port, TestBed.ClientAddress);

    /// <summary>Agents that never give an endpoint up for its failing calls, and the endpoint on each.</summary>
    private async Task CompeteAsync()
    {
        await Bed.StartAgentsAsync(With("PLUGIN_FAIL_COUNT_BEFORE_FAILOVER", "0"));
        foreach (var host in Bed.Hosts)
        {
            _ids[host] = await host.Api.AddWebhookAsync(Url, "front");
            await WaitForStateAsync(host, _ids[host], _ids.Count == 1 ? Activated : Standby);
        }

        await Wait.UntilAsync("competitors", async () => (await Bed.Host(1).Api.CompetitorsAsync(_ids[Bed.Host(1)])).Count == _ids.Count, Patience);
    }

    /// <summary>Waits until the holder's call hangs.</summary>
    private async Task<AgentHost> HangsAsync(HookReceiver hooks, AgentHost? not = null)
    {
        AgentHost? holder = null;
        await Wait.UntilAsync("a call of the holder that hangs", async () =>
        {
            var held = await Bed.Etcd[0].Gateway.GetAsync(Lock);
            holder = _ids.Keys.FirstOrDefault(host => host != not && host.Name == held);
            return holder is not null && hooks.UnderWay.Any(request => request.EndpointId == _ids[holder] && request.Status == Activated);
        }, Patience);
        return holder!;
    }

    private static string? LastAnswered(HookReceiver hooks, string id) => hooks.Answered.LastOrDefault(request => request.EndpointId == id)?.Status;
}
