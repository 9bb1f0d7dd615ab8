using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Link.Core.Secrets;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>etcd with the users and roles of docs/operations.md, made by its very commands.</summary>
public sealed partial class EtcdUsersTests(ModerateLeaseBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<ModerateLeaseBed>
{
    private const int HookPort = 9;

    [Fact]
    public async Task The_documents_roles_are_all_that_agents_need_and_keep_each_host_out_of_the_others_endpoints_and_secrets()
    {
        await Bed.ResetAsync();
        var (holder, other) = (Bed.Host(1), Bed.Host(2));
        await EnableAsync(holder, other);
        using var hooks = new HookReceiver(holder.Namespace, HookPort);
        await StartAsync(holder);
        string id = await holder.Api.AddAsync(TestBed.Vip);
        await WaitForStateAsync(holder, id, "ACTIVATED");
        await StartAsync(other);
        string otherId = await other.Api.AddAsync(TestBed.Vip);
        await WaitForStateAsync(other, otherId, "STANDBY");
        string hook = (string)(await holder.Api.PostAsync("/endpoints", new JsonObject
        {
            ["plugin"] = "webhook",
            ["plugin_config"] = new JsonObject { ["url"] = $"http://127.0.0.1:{HookPort}/", ["resource_id"] = "front", ["secret"] = "planted" },
        })).Expect(201).Json["endpoint"]!["id"]!;
        await Wait.UntilAsync("a request", () => hooks.Requests.Count > 0, Patience);

        // All that an agent does with etcd: a named and an unnamed move, a drain, a restart, a rotation, a deletion.
        (await holder.Api.FailoverAsync(id, other.Name)).Expect(204);
        await WaitForStateAsync(other, otherId, "ACTIVATED");
        (await other.Api.FailoverAsync(otherId)).Expect(204);
        await WaitForStateAsync(holder, id, "ACTIVATED");
        // The webhook has no other host, which the answer says.
        Assert.Equal(409, (await holder.Api.PostAsync("/drain")).Status);
        await WaitForStateAsync(other, otherId, "ACTIVATED");
        await Wait.UntilAsync("the end of the drain", async () => (await holder.Api.PostAsync("/undrain")).Status is 200 or 204, Patience);
        await holder.StopAgentAsync();
        await StartAsync(holder);
        await WaitForStateAsync(holder, hook, "ACTIVATED");
        (await holder.Api.PostAsync("/encrypted_storage/key_rotation", new JsonObject { ["force"] = true })).Expect(204);

        // What one host's user is kept from, and what not.
        string lease = LeaseId().Match(await GetAsync("root", "/link/config/h1")).Groups[1].Value;
        string leaseInHex = long.Parse(lease, System.Globalization.CultureInfo.InvariantCulture).ToString("x", System.Globalization.CultureInfo.InvariantCulture);
        foreach (string[] denied in (string[][])
            [
                ["get", "--prefix", "/link/secrets/hosts/h1/"], ["get", "--prefix", "/link/hosts/h1/"], ["get", "--prefix", "/link/"],
                ["put", $"/link/hosts/h1/{hook}", "{}"], ["put", "/link/secrets/hosts/h1/vip-1/sec-1", "{}"], ["put", "/link/config/h1", "{}"],
                ["put", "/link/agents/h1", "{}"], ["put", "/link/drained/h1", ""], ["del", "/link/agents/h1"], ["lease", "revoke", leaseInHex], ["put", "/another", "x"],
            ])
        {
            var (code, _, error) = await ControlAsync("h2", denied);
            Assert.True(code != 0 && error.Contains("permission denied", StringComparison.Ordinal), $"{string.Join(' ', denied)}: {code} {error}");
        }

        Assert.NotEqual(0, (await ControlAsync(null, "get", "--prefix", "/link/default/")).Code);
        Assert.Equal(0, (await ControlAsync("h2", "put", "/link/default/webhook/not-yours", "h2")).Code);
        Assert.Equal(0, (await ControlAsync("h2", "get", "--prefix", "/link/agents/")).Code);

        (await holder.Api.DeleteAsync(hook)).Expect(204);
        Assert.Equal("", await GetAsync("root", "--prefix", "/link/secrets/"));
        foreach (var host in (AgentHost[])[holder, other])
            Assert.DoesNotContain("permission denied", await File.ReadAllTextAsync(host.Log, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    /// <summary>Runs what stands in the document, for each host; only the passwords are not asked for.</summary>
    private async Task EnableAsync(params AgentHost[] hosts)
    {
        string text = await File.ReadAllTextAsync(Path.Combine(Programs.Root, "docs", "operations.md"), TestContext.Current.CancellationToken);
        string section = text[text.IndexOf("\n## What etcd's users may do", StringComparison.Ordinal)..];
        string[] blocks = [.. Block().Matches(section).Take(3).Select(static match => match.Groups[1].Value)];
        Assert.Equal(3, blocks.Length);
        Assert.Contains("HOST=web-1\n", blocks[1], StringComparison.Ordinal);
        string script = string.Join('\n',
        [
            "set -e",
            "etcdctl() { if [ \"$1 $2\" = 'user add' ]; then command etcdctl user add \"$3:password-of-$3\"; else command etcdctl \"$@\"; fi; }",
            blocks[0],
            .. hosts.Select(host => blocks[1].Replace("HOST=web-1", $"HOST={host.Name}", StringComparison.Ordinal)),
            blocks[2],
        ]);
        var (code, printed, error) = await RunAsync("bash", "-c", script);
        Assert.True(code == 0, printed + error);
        Assert.Contains("Authentication Enabled", printed, StringComparison.Ordinal);
    }

    private async Task StartAsync(AgentHost host)
    {
        await host.StartAgentAsync(new Dictionary<string, string>
        {
            ["ETCD_USER"] = host.Name,
            ["ETCD_PASSWORD"] = $"password-of-{host.Name}",
            ["SECRET_STORAGE_ENCRYPTION_KEY"] = KeyText.Create(hex: false).Reveal() is var fresh && _keys.TryAdd(host.Name, fresh) ? fresh : _keys[host.Name],
        });
        await Wait.UntilAsync("health", async () => (await host.Api.GetAsync("/health")).Status == 200, Patience);
    }

    private readonly Dictionary<string, string> _keys = [];

    private async Task<string> GetAsync(string user, params string[] key)
    {
        var (code, text, error) = await ControlAsync(user, ["get", "--print-value-only", .. key]);
        Assert.True(code == 0, error);
        return text;
    }

    private Task<(int Code, string Output, string Error)> ControlAsync(string? user, params string[] arguments) =>
        RunAsync("etcdctl", [.. user == null ? [] : (string[])["--user", $"{user}:password-of-{user}"], .. arguments]);

    private Task<(int Code, string Output, string Error)> RunAsync(string program, params string[] arguments) => Tool.TryAsync(
        "ip", ["netns", "exec", Bed.Etcd[0].Namespace.Name, program, .. arguments],
        environment: new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["ETCDCTL_API"] = "3", ["ETCDCTL_ENDPOINTS"] = Bed.Etcd[0].Url });

    [GeneratedRegex(@"^```(?:sh)?\n(.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Block();

    [GeneratedRegex("\"lease_id\":([0-9]+)")]
    private static partial Regex LeaseId();
}
