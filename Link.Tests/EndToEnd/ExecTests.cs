using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using Link.Tests.Bed;
using Link.Tests.Plugins.Exec;
using Xunit;

namespace Link.Tests.EndToEnd;

[SupportedOSPlatform("linux")]
public sealed class ExecTests(LoneBed bed, ScriptFolder folder, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<LoneBed>, IClassFixture<ScriptFolder>
{
    private const string Nobody = "65534";

    private readonly ScriptFolder _folder = folder;

    /// <summary>As systemd starts it: ambient capabilities, an umask for itself, secrets in its environment.</summary>
    [Theory]
    [InlineData("root")]
    [InlineData("nobody")]
    public async Task The_program_has_neither_the_agents_capabilities_nor_its_secrets_nor_its_sockets(string user)
    {
        await Bed.ResetAsync();
        var host = Bed.Host(1);
        string results = Directory.CreateDirectory(_folder[user]).FullName;
        File.SetUnixFileMode(results, (UnixFileMode)0x1ff);
        string program = _folder.Script($"look-{user}", $$"""
            cd $here/{{user}}
            tr '\0' '\n' < /proc/$$/environ > environ
            cat /proc/self/status > status
            ls /proc/self/fd > descriptors
            echo $1 > new; mv new $1
            """);
        string[] asNobody =
        [
            Programs.Find("setpriv"), $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", "--inh-caps=-all,+net_admin,+net_raw", "--ambient-caps=-all,+net_admin,+net_raw",
            "--bounding-set=-all,+net_admin,+net_raw",
        ];
        var agent = Start(host, user == "root" ? [] : asNobody);
        try
        {
            await Wait.UntilAsync("health", async () => (await host.Api.GetAsync("/health")).Status == 200, Patience);
            string own = await File.ReadAllTextAsync($"/proc/{agent.Pid}/status", TestContext.Current.CancellationToken);
            Assert.Contains("\nUmask:\t0077\n", own, StringComparison.Ordinal);
            Assert.Equal(user == "nobody", own.Contains("\nCapAmb:\t0000000000003000\n", StringComparison.Ordinal));

            string id = await AddAsync(host, program, 10, new JsonObject { ["LINK_ENV_TOKEN"] = "hunter2" });
            await Wait.UntilAsync("the program ran", () => File.Exists(Path.Combine(results, "ACTIVATED")), Patience);
            string status = await File.ReadAllTextAsync(Path.Combine(results, "status"), TestContext.Current.CancellationToken);
            foreach (string set in new[] { "CapPrm", "CapEff", "CapAmb" })
                Assert.Contains($"\n{set}:\t0000000000000000\n", status, StringComparison.Ordinal);
            Assert.Contains("\nNoNewPrivs:\t1\n", status, StringComparison.Ordinal);
            Assert.Contains("\nUmask:\t0022\n", status, StringComparison.Ordinal);
            Assert.Equal("0\n1\n2\n3\n", await File.ReadAllTextAsync(Path.Combine(results, "descriptors"), TestContext.Current.CancellationToken));
            string variables = await File.ReadAllTextAsync(Path.Combine(results, "environ"), TestContext.Current.CancellationToken);
            Assert.Contains($"LINK_ENDPOINT_ID={id}\n", variables, StringComparison.Ordinal);
            Assert.Contains("LINK_ENV_TOKEN=hunter2\n", variables, StringComparison.Ordinal);
            Assert.DoesNotContain("0123456789abcdef", variables, StringComparison.Ordinal);
            Assert.DoesNotContain("ETCD_HOSTS", variables, StringComparison.Ordinal);

            string shown = (await host.Api.GetAsync($"/endpoints/{id}")).Expect(200).Text;
            string stored = (await Bed.Etcd[0].Gateway.GetAsync($"/link/hosts/{host.Name}/{id}"))!;
            Assert.Contains("""{"LINK_ENV_TOKEN":"***"}""", shown, StringComparison.Ordinal);
            Assert.DoesNotContain("hunter2", shown + stored, StringComparison.Ordinal);

            Assert.Equal(204, (await host.Api.DeleteAsync(id)).Status);
            await Wait.UntilAsync("the program ran once more", () => File.Exists(Path.Combine(results, "STANDBY")), Patience);
        }
        finally
        {
            agent.Kill();
        }
    }

    [Fact]
    public async Task A_root_that_may_not_give_up_capabilities_for_the_program_does_not_start_it()
    {
        await Bed.ResetAsync();
        var host = Bed.Host(1);
        var agent = Start(host, [Programs.Find("setpriv"), "--bounding-set=-all,+net_admin,+net_raw"]);
        try
        {
            await Wait.UntilAsync("health", async () => (await host.Api.GetAsync("/health")).Status == 200, Patience);
            string id = await AddAsync(host, _folder.Script("mighty", "echo ran > $here/mighty.ran"), 10);
            await Wait.UntilAsync("the error", async () => (await LastErrorAsync(host, id))?.EndsWith("run the agent as an unprivileged user, or as root with CAP_SETPCAP", StringComparison.Ordinal) == true, Patience);
            Assert.False(File.Exists(_folder["mighty.ran"]));
        }
        finally
        {
            agent.Kill();
        }
    }

    [Fact]
    public async Task A_stopping_agent_leaves_no_program_behind_and_the_next_one_runs_it_again()
    {
        await Bed.StartAgentsAsync(With("EXEC_DIRECTORIES", _folder.Path));
        var host = Bed.Host(1);
        string program = _folder.Script("hangs", "trap '' TERM; echo $$ > $here/pid.new; mv $here/pid.new $here/pid; while :; do sleep 1000; done");
        await AddAsync(host, program, 300);
        int pid = await _folder.PidAsync("pid");
        Assert.True(ScriptFolder.Runs(pid));
        Assert.Equal(0, await host.StopAgentAsync());
        await ScriptFolder.EndedAsync(pid);

        _folder.Script("hangs", "echo $LINK_STATE > $here/again");
        await host.StartAgentAsync(With("EXEC_DIRECTORIES", _folder.Path));
        Assert.Equal("ACTIVATED", await _folder.ReadAsync("again"));
    }

    [Fact]
    public async Task A_program_that_fails_is_told_by_the_API_until_it_works_and_one_that_may_not_be_run_is_refused()
    {
        await Bed.StartAgentsAsync(With("EXEC_DIRECTORIES", _folder.Path));
        var host = Bed.Host(1);
        string program = _folder.Script("fails", "echo no such volume >&2; exit 3");
        string id = await AddAsync(host, program, 10);
        await Wait.UntilAsync("the error", async () => (await LastErrorAsync(host, id))?.EndsWith("ended with exit status 3: no such volume", StringComparison.Ordinal) == true, Patience);
        Assert.Equal("ACTIVATED", await FieldAsync(host, id, "status"));
        Assert.Equal(await LastErrorAsync(host, id), await FieldAsync(host, id, "reason"));
        _folder.Script("fails", "exit 0");
        await Wait.UntilAsync("no reason any more", async () => await FieldAsync(host, id, "reason") == null, Patience);
        Assert.NotNull(await LastErrorAsync(host, id));

        ApiAnswer refused = await host.Api.PostAsync("/endpoints", Wish("/bin/sh", 10));
        Assert.Equal(422, refused.Status);
        Assert.Contains($"/bin/sh is not below {_folder.Path}", refused.Error, StringComparison.Ordinal);
    }

    /// <summary>An agent with an umask for itself and a secret in its environment, started by another program.</summary>
    private ChildProcess Start(AgentHost host, string[] by)
    {
        var environment = new Dictionary<string, string>
        {
            ["HOSTNAME"] = host.Name,
            ["INTERFACE"] = AgentHost.Interface,
            ["ETCD_HOSTS"] = Bed.Etcd[0].Url,
            ["SOCKET"] = "none",
            ["SECRET_STORAGE_ENCRYPTION_KEY"] = "0123456789abcdef0123456789abcdef",
            ["EXEC_DIRECTORIES"] = _folder.Path,
        };
        return ChildProcess.Start(host.Namespace, Programs.Find("sh"), ["-c", "umask 077; exec \"$@\"", "sh", .. by, Programs.Link, "agent"], environment, host.Log);
    }

    private static Task<string?> LastErrorAsync(AgentHost host, string id) => FieldAsync(host, id, "last_error");

    private static async Task<string?> FieldAsync(AgentHost host, string id, string field) =>
        (string?)(await host.Api.GetAsync($"/endpoints/{id}")).Json["endpoint"]![field];

    private static async Task<string> AddAsync(AgentHost host, string program, int timeout, JsonObject? environment = null) =>
        (string)(await host.Api.PostAsync("/endpoints", Wish(program, timeout, environment))).Expect(201).Json["endpoint"]!["id"]!;

    private static JsonObject Wish(string program, int timeout, JsonObject? environment = null) => new()
    {
        ["plugin"] = "exec",
        ["plugin_config"] = new JsonObject { ["resource_id"] = Path.GetFileName(program), ["command"] = new JsonArray(program), ["timeout"] = timeout, ["environment"] = environment },
    };
}
