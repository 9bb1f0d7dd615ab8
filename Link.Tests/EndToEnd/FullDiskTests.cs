using System.Text.Json.Nodes;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>No room left: in etcd, under the log, under the client's output.</summary>
public sealed class FullDiskTests(LoneBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<LoneBed>
{
    [Fact]
    public async Task With_an_etcd_that_has_no_room_left_agents_restart_and_elect_and_what_is_refused_says_why()
    {
        var election = await Bed.ElectAsync();
        var host = Bed.Host(1);
        await Bed.Etcd[0].Gateway.SetNoSpaceAsync(true);
        try
        {
            var refused = await host.Api.SendAsync(HttpMethod.Patch, $"/endpoints/{election.HolderId}", new JsonObject { ["healthchecks"] = new JsonArray() });
            Assert.Equal(503, refused.Status);
            Assert.Contains("space", refused.Error, StringComparison.OrdinalIgnoreCase);

            await host.StopAgentAsync();
            await host.StartAgentAsync();
            await Wait.UntilAsync("ACTIVATED", async () => await host.Api.StateAsync(election.HolderId) == "ACTIVATED", Patience);
            Assert.Equal([host], Bed.HoldersOf(election.Address));
        }
        finally
        {
            await Bed.Etcd[0].Gateway.SetNoSpaceAsync(false);
        }
    }

    [Fact]
    public async Task An_agent_whose_log_cannot_be_written_goes_on()
    {
        await Bed.StartAgentsAsync();
        var host = Bed.Host(1);
        await host.StopAgentAsync();
        var environment = new Dictionary<string, string>
        {
            ["HOSTNAME"] = host.Name,
            ["INTERFACE"] = AgentHost.Interface,
            ["ETCD_HOSTS"] = Bed.Etcd[0].Url,
            ["SOCKET"] = "none",
        };
        var agent = ChildProcess.Start(host.Namespace, Programs.Link, ["agent"], environment, "/dev/full");
        try
        {
            await Wait.UntilAsync("health", async () => (await host.Api.GetAsync("/health")).Status == 200, Patience);
            var id = await host.Api.AddAsync(TestBed.Vip);
            await Wait.UntilAsync("ACTIVATED", async () => await host.Api.StateAsync(id) == "ACTIVATED", Patience);
            Assert.True(agent.Runs);
        }
        finally
        {
            agent.Kill();
        }
    }

    [Fact]
    public async Task A_client_whose_output_cannot_be_written_says_so_and_fails()
    {
        await Bed.StartAgentsAsync();
        var (code, _, error) = await Tool.TryAsync("sh", ["-c", $"exec {Programs.LinkClient} --socket {Bed.Host(1).Socket} health -o json >/dev/full"]);
        Assert.NotEqual(0, code);
        Assert.Contains("cannot be written", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("version")]
    [InlineData("client version")]
    [InlineData("client nonsense")]
    [InlineData("agent --nonsense")]
    public async Task A_program_that_can_tell_nobody_fails_and_does_not_crash(string arguments)
    {
        foreach (var nowhere in new[] { ">/dev/full 2>&1", ">&- 2>&-" })
        {
            var (code, _, _) = await Tool.TryAsync("sh", ["-c", $"exec {Programs.Link} {arguments} {nowhere}"]);
            Assert.InRange(code, 1, 2);
        }
    }

    [Fact]
    public async Task What_is_stored_and_cannot_be_read_or_run_is_kept_and_named_and_the_rest_works()
    {
        await Bed.StartAgentsAsync();
        var host = Bed.Host(1);
        var good = await host.Api.AddAsync(TestBed.Vip);
        await host.StopAgentAsync();
        const string broken = "/link/hosts/h1/vip-00000000-0000-4000-8000-00000000000a";
        const string future = "vip-00000000-0000-4000-8000-00000000000b";
        const string text = $$"""{"id":"{{future}}","ip":"","healthcheck_interval":0,"plugin":"quantum_link","plugin_config":{"qubit":7},"since_version":9}""";
        const string checkedOtherwise = "vip-00000000-0000-4000-8000-00000000000c";
        const string checkedText = $$$"""{"id":"{{{checkedOtherwise}}}","ip":"","checks":[{"type":"HTTP","host":"127.0.0.1","port":1313,"path":"/version"}],"healthcheck_interval":0,"plugin":"arp","plugin_config":{"ip":"10.77.0.202/32"}}""";
        var etcd = Bed.Etcd[0].Gateway;
        await etcd.PutAsync($"/link/hosts/h1/{checkedOtherwise}", checkedText);
        await etcd.PutAsync(broken, "{half a json");
        await etcd.PutAsync($"/link/hosts/h1/{future}", text);
        await etcd.PutAsync("/link/ips/10.77.0.200_32/h1", "no json either");
        await etcd.PutAsync("/link/secrets/hosts/h1//sec-odd", "[]");
        await etcd.PutAsync("/link/config/h1", "a later form");
        await etcd.PutAsync("/link/agents/h1", "a later form");

        await host.StartAgentAsync();
        await Wait.UntilAsync("ACTIVATED", async () => await host.Api.StateAsync(good) == "ACTIVATED", Patience);
        var shown = (await host.Api.GetAsync($"/endpoints/{future}")).Expect(200).Json["endpoint"]!;
        Assert.Equal(("FAILING", "quantum_link"), ((string?)shown["status"], (string?)shown["plugin"]));
        Assert.Contains("no plugin \"quantum_link\"", (string?)shown["reason"], StringComparison.Ordinal);
        // A check that cannot be made says nothing of the endpoint's health: it is not held here.
        shown = (await host.Api.GetAsync($"/endpoints/{checkedOtherwise}")).Expect(200).Json["endpoint"]!;
        Assert.Equal("FAILING", (string?)shown["status"]);
        Assert.Contains("no check of type \"HTTP\"", (string?)shown["reason"], StringComparison.Ordinal);
        Assert.Equal(checkedText, await etcd.GetAsync($"/link/hosts/h1/{checkedOtherwise}"));
        Assert.Null(await etcd.GetAsync("/link/default/10.77.0.202_32"));
        foreach (var key in (string[])[broken, checkedOtherwise, "/link/config/h1", "/link/agents/h1"])
            await Wait.UntilAsync($"a word about {key}", () => host.Agent!.ReadLog().Contains(key, StringComparison.Ordinal), Patience);
        Assert.Equal(("{half a json", text), (await etcd.GetAsync(broken), await etcd.GetAsync($"/link/hosts/h1/{future}")));
        Assert.Equal("[]", await etcd.GetAsync("/link/secrets/hosts/h1//sec-odd"));

        Assert.Equal(204, (await host.Api.DeleteAsync(future)).Status);
        Assert.Null(await etcd.GetAsync($"/link/hosts/h1/{future}"));
    }
}
