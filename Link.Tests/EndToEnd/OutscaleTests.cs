using System.Text.Json.Nodes;
using Link.Tests.Bed;
using Link.Tests.Plugins.Outscale;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>A public IP that two hosts compete for, by Outscale's API as a fake plays it.</summary>
public sealed class OutscaleTests(ModerateLeaseBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ModerateLeaseBed>
{
    private const string PublicIp = "eipalloc-0a1b2c3d";

    private readonly Dictionary<AgentHost, string> _ids = [];
    private readonly List<LocalRelay> _relays = [];
    private FakeOutscale _outscale = null!;

    private AgentHost First => Bed.Host(1);

    private AgentHost Second => Bed.Host(2);

    [Fact]
    public async Task The_public_IP_follows_the_lock_both_ways_and_when_an_agent_is_killed()
    {
        await CompeteAsync();
        Assert.Equal(NicOf(First), _outscale.NicOf(PublicIp));

        (await First.Api.FailoverAsync(_ids[First])).Expect(204);
        await LinkedAsync(Second);
        (await Second.Api.FailoverAsync(_ids[Second])).Expect(204);
        await LinkedAsync(First);

        First.KillAgent();
        await LinkedAsync(Second);
        // Back, it finds the IP at another host's NIC, where it has nothing to end.
        var (changes, looks) = (Changes(), _outscale.CallsOf("ReadPublicIps"));
        await First.StartAgentAsync(Environment());
        await WaitForStateAsync(First, "STANDBY");
        await Wait.UntilAsync("two looks, one of them the first host's", () => _outscale.CallsOf("ReadPublicIps") >= looks + 2, Patience);
        Assert.Equal((NicOf(Second), changes), (_outscale.NicOf(PublicIp), Changes()));

        (await Second.Api.DeleteAsync(_ids[Second])).Expect(204);
        _ids.Remove(Second);
        await LinkedAsync(First);
        (await First.Api.DeleteAsync(_ids[First])).Expect(204);
        await Wait.UntilAsync("nobody's", () => _outscale.NicOf(PublicIp) is null, Patience);
        Assert.Empty(await Bed.Etcd[0].Gateway.ListAsync("/link/secrets/"));
        Assert.Equal(0, _outscale.BadSignatures);
    }

    [Fact]
    public async Task With_wrong_keys_the_endpoint_goes_to_the_host_with_the_right_ones_and_the_account_is_not_locked()
    {
        await StartAsync();
        await AddAsync(First, "WRONGWRONGWRONGWRONG");
        await WaitForStateAsync(First, "ACTIVATED");
        // Alone it keeps the endpoint, and its next try is minutes away.
        await Wait.UntilAsync("its first try", () => First.Agent!.ReadLog().Contains("an output failed", StringComparison.Ordinal), Patience);
        await AddAsync(Second);
        await WaitForStateAsync(First, "FAILING");
        await LinkedAsync(Second, isAlone: false);
        var shown = (await First.Api.GetAsync($"/endpoints/{_ids[First]}")).Expect(200).Json["endpoint"]!;
        Assert.Contains("401", (string?)shown["last_error"], StringComparison.Ordinal);
        Assert.DoesNotContain("WRONGWRONG", $"{shown.ToJsonString()}{First.Agent!.ReadLog()}", StringComparison.Ordinal);
        Assert.False(_outscale.WasLocked);
    }

    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync();
        GC.SuppressFinalize(this);
        if (Bed is null)
            return;
        foreach (var host in Bed.Hosts)
            host.KillAgent();
        _relays.ForEach(static relay => relay.Dispose());
        if (_outscale is not null)
            await _outscale.DisposeAsync();
    }

    private static string NicOf(AgentHost host) => $"eni-0000000{host.Number}";

    private Dictionary<string, string> Environment() => With("OSC_ENDPOINT_API", _outscale.Url.AbsoluteUri);

    private int Changes() => _outscale.Calls.Count(static call => call != "ReadPublicIps");

    private async Task StartAsync()
    {
        _outscale = await FakeOutscale.StartAsync(static () => DateTimeOffset.UtcNow);
        _outscale.AddPublicIp(PublicIp);
        foreach (var host in (AgentHost[])[First, Second])
        {
            _outscale.AddNic(NicOf(host));
            _relays.Add(new LocalRelay(host.Namespace, _outscale.Url.Port));
        }

        await Bed.StartAgentsAsync(Environment(), First, Second);
    }

    /// <summary>The first host holds, the second one stands by.</summary>
    private async Task CompeteAsync()
    {
        await StartAsync();
        await AddAsync(First);
        await LinkedAsync(First);
        await AddAsync(Second);
        await WaitForStateAsync(Second, "STANDBY");
        await Wait.UntilAsync("competitors", async () => (await First.Api.CompetitorsAsync(_ids[First])).Count == 2, Patience);
    }

    private async Task AddAsync(AgentHost host, string secretKey = FakeOutscale.SecretKey)
    {
        var answer = (await host.Api.PostAsync("/endpoints", new JsonObject
        {
            ["plugin"] = "outscale_public_ip",
            ["plugin_config"] = new JsonObject
            {
                ["access_key"] = FakeOutscale.AccessKey,
                ["secret_key"] = secretKey,
                ["region"] = "eu-west-2",
                ["public_ip_id"] = PublicIp,
                ["nic_id"] = NicOf(host),
            },
        })).Expect(201);
        _ids[host] = (string)answer.Json["endpoint"]!["id"]!;
    }

    private Task WaitForStateAsync(AgentHost host, string state) => WaitForStateAsync(host, _ids[host], state);

    /// <summary>Waits until the host holds and the public IP is at its NIC.</summary>
    private async Task LinkedAsync(AgentHost host, bool isAlone = true)
    {
        await WaitForStateAsync(host, "ACTIVATED");
        await Wait.UntilAsync($"the public IP at {host}", () => _outscale.NicOf(PublicIp) == NicOf(host), Patience);
        foreach (var other in _ids.Keys.Where(other => isAlone && other != host && other.Agent is { Runs: true }))
            await WaitForStateAsync(other, "STANDBY");
    }
}
