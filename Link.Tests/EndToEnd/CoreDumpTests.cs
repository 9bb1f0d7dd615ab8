using System.Runtime.Versioning;
using Link.Tests.Bed;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>What a process keeps in its memory stays there.</summary>
[SupportedOSPlatform("linux")]
public sealed class CoreDumpTests(LoneBed bed, ITestOutputHelper output) : EndToEndTest(bed, output), IClassFixture<LoneBed>
{
    private const string Nobody = "65534";

    private static readonly string[] s_asNobody =
    [
        Programs.Find("setpriv"), $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", "--inh-caps=-all,+net_admin,+net_raw", "--ambient-caps=-all,+net_admin,+net_raw",
        "--bounding-set=-all,+net_admin,+net_raw",
    ];

    [Theory]
    [InlineData(null)]
    [InlineData("no")]
    [InlineData("yes")]
    public async Task Nobody_else_of_its_user_can_read_the_agents_memory_or_environment_unless_it_is_debugged(string? coreDumps)
    {
        await Bed.ResetAsync();
        AgentHost host = Bed.Host(1);
        ChildProcess agent = Start(host, coreDumps, "/");
        try
        {
            await Wait.UntilAsync("health", async () => (await host.Api.GetAsync("/health")).Status == 200, Patience);
            bool debugged = coreDumps == "yes";
            Assert.Equal(debugged ? Nobody : "0", (await Tool.RunAsync("stat", ["-c", "%u", $"/proc/{agent.Pid}/environ"])).Trim());
            foreach (string file in new[] { "environ", "mem", "maps" })
            {
                // By one that has all that the agent has. Opened is enough.
                var (code, _, _) = await Tool.TryAsync(s_asNobody[0], [.. s_asNobody[1..], "sh", "-c", $"exec < /proc/{agent.Pid}/{file}"]);
                Assert.Equal(debugged, code == 0);
            }

            string limits = await File.ReadAllTextAsync($"/proc/{agent.Pid}/limits", TestContext.Current.CancellationToken);
            if (!debugged)
                Assert.Matches("Max core file size +0 +0 ", limits);
        }
        finally
        {
            agent.Kill();
        }
    }

    [Theory]
    [InlineData("SEGV", null)]
    [InlineData("ABRT", null)]
    [InlineData("ABRT", "yes")]
    public async Task A_crash_leaves_no_core_file_unless_it_is_debugged(string signal, string? coreDumps)
    {
        string pattern = await File.ReadAllTextAsync("/proc/sys/kernel/core_pattern", TestContext.Current.CancellationToken);
        Assert.SkipWhen(pattern.StartsWith('|') || pattern.StartsWith('/'), "this machine keeps its core files elsewhere");
        await Bed.ResetAsync();
        AgentHost host = Bed.Host(1);
        using var folder = new TemporaryFolder();
        TemporaryFolder.OpenToAll(folder.Path);
        ChildProcess agent = Start(host, coreDumps, folder.Path);
        try
        {
            await Wait.UntilAsync("health", async () => (await host.Api.GetAsync("/health")).Status == 200, Patience);
            await Wait.UntilAsync(
                "the crash",
                async () =>
                {
                    // .NET takes the first SIGSEGV for its own, and gives the next one back.
                    await Tool.TryAsync("kill", [$"-{signal}", $"{agent.Pid}"]);
                    return !agent.Runs;
                },
                Patience);
        }
        finally
        {
            agent.Kill();
        }

        Assert.Equal(coreDumps == "yes" ? 1 : 0, Directory.GetFiles(folder.Path).Length);
    }

    [Fact]
    public async Task Whoever_runs_programs_cannot_be_read_by_them_either()
    {
        using var folder = new TemporaryFolder();
        // Without a request it waits for one, five seconds.
        string socket = folder.File("s");
        string script = """
            perl -MIO::Socket::UNIX -e '
                my $listener = IO::Socket::UNIX->new(Type => SOCK_STREAM, Local => $ARGV[0], Listen => 1) or die;
                my $client = IO::Socket::UNIX->new(Type => SOCK_STREAM, Peer => $ARGV[0]) or die;
                my $served = $listener->accept;
                my $pid = fork;
                if (!$pid) { open STDIN, "<&", $served; exec $ARGV[1], "exec-program"; }
                for (1..500) { last if (stat "/proc/$pid/environ")[4] == 0 && readlink("/proc/$pid/exe") eq $ARGV[1]; select undef, undef, undef, 0.01; }
                my $owner = (stat "/proc/$pid/environ")[4];
                print "owner $owner\n";
                kill "KILL", $pid; waitpid $pid, 0;
            ' "$1" "$2"
            """;
        TemporaryFolder.OpenToAll(folder.Path);
        string text = await Tool.RunAsync("setpriv", [$"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups", "sh", "-c", script, "sh", socket, Programs.Link]);
        Assert.Equal("owner 0", text.Trim());
    }

    private ChildProcess Start(AgentHost host, string? coreDumps, string directory)
    {
        var environment = new Dictionary<string, string>
        {
            ["HOSTNAME"] = host.Name,
            ["INTERFACE"] = AgentHost.Interface,
            ["ETCD_HOSTS"] = Bed.Etcd[0].Url,
            ["SOCKET"] = "none",
        };
        if (coreDumps != null)
            environment["CORE_DUMPS"] = coreDumps;
        return ChildProcess.Start(
            host.Namespace, Programs.Find("sh"), ["-c", "cd \"$1\"; shift; ulimit -c unlimited; exec \"$@\"", "sh", directory, .. s_asNobody, Programs.Link, "agent"], environment, host.Log);
    }
}
