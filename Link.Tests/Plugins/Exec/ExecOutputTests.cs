using System.Globalization;
using System.Runtime.Versioning;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.Plugins.Exec;

[SupportedOSPlatform("linux")]
public sealed class ExecOutputTests(ScriptFolder folder) : IClassFixture<ScriptFolder>, IDisposable
{
    /// <summary>Seconds. A program has done by then what it does before it hangs, on a busy machine too.</summary>
    private const int Overdue = 5;

    private readonly ScriptFolder _folder = folder;
    private ExecBench? _bench;

    private ExecBench Bench => _bench!;

    public void Dispose() => _bench?.Dispose();

    [Fact]
    public async Task The_program_gets_its_arguments_the_state_and_an_environment_of_its_own()
    {
        string program = _folder.Script("golden", """
            { printf '%s\n' "$0" "$@"; tr '\0' '\n' < /proc/$$/environ; } > $here/golden.new
            mv $here/golden.new $here/golden.$LINK_STATE
            """);
        Configure($$"""{"resource_id":"db-vip","command":["{{program}}","a b","$HOME;*",""],"ip":"10.0.0.1/32","environment":{"TOKEN":"s3cret=x","LANG":"de_DE.UTF-8"} }""");
        await Bench.ActivateAsync();
        string delivery = Value(await _folder.ReadAsync("golden.ACTIVATED"), "LINK_DELIVERY_ID");
        Assert.True(Guid.TryParse(delivery, out _));
        string Expected(string state, string id) =>
            $"""
            {program}
            a b
            $HOME;*

            {state}
            PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
            LINK_PLUGIN=exec
            LINK_STATE={state}
            LINK_ENDPOINT_ID={ExecBench.EndpointId}
            LINK_ELECTION_KEY=exec/db-vip
            LINK_RESOURCE_ID=db-vip
            LINK_HOSTNAME=web-1
            LINK_REVISION=42
            LINK_DELIVERY_ID={id}
            LINK_IP=10.0.0.1/32
            TOKEN=s3cret=x
            LANG=de_DE.UTF-8
            """;
        Assert.Equal(Expected("ACTIVATED", delivery), await _folder.ReadAsync("golden.ACTIVATED"));

        await Bench.DeactivateAsync();
        string standby = await _folder.ReadAsync("golden.STANDBY");
        Assert.NotEqual(delivery, Value(standby, "LINK_DELIVERY_ID"));
        Assert.Equal(Expected("STANDBY", Value(standby, "LINK_DELIVERY_ID")), standby);
        Assert.Empty(Bench.Loop.Errors);
    }

    [Fact]
    public async Task A_refresh_runs_it_again_and_says_so()
    {
        string program = _folder.Script("refresh", """echo "$1 ${LINK_REFRESH-no} $LINK_DELIVERY_ID" >> $here/refreshed""");
        Configure($$"""{"resource_id":"r","command":["{{program}}"],"refresh_interval":60}""");
        await Bench.ActivateAsync();
        for (int i = 0; i < 2; i++)
        {
            long pause = Bench.Loop.Outputs.NextDueMs!.Value - Bench.Loop.NowMs;
            Assert.InRange(pause, 45_000, 75_000);
            Bench.Loop.Pass(pause);
            await Bench.Loop.EndedAsync();
        }

        await Bench.DeactivateAsync();
        string[][] runs = [.. (await _folder.ReadAsync("refreshed")).Split('\n').Select(line => line.Split(' '))];
        Assert.Equal(["ACTIVATED no", "ACTIVATED 1", "ACTIVATED 1", "STANDBY no"], runs.Select(run => $"{run[0]} {run[1]}"));
        Assert.Equal(4, runs.Select(run => run[2]).Distinct().Count());
    }

    [Fact]
    public async Task It_starts_in_a_session_of_its_own_with_nothing_of_the_agents()
    {
        int left = LibC.open("/dev/null", LibC.O_RDONLY);
        try
        {
            string program = _folder.Script("state", """
                cut -d' ' -f1,5,6 /proc/$$/stat > $here/ids
                umask > $here/umask
                { pwd; readlink /proc/$$/fd/0; } > $here/places
                ls /proc/self/fd > $here/descriptors
                cat /proc/self/status > $here/status
                """);
            Configure($$"""{"resource_id":"r","command":["{{program}}"]}""");
            await Bench.ActivateAsync();
            Assert.Empty(Bench.Loop.Errors);
        }
        finally
        {
            _ = LibC.close(left);
        }

        Assert.Single((await _folder.ReadAsync("ids")).Split(' ').Distinct());
        Assert.Equal("0022", await _folder.ReadAsync("umask"));
        Assert.Equal("/\n/dev/null", await _folder.ReadAsync("places"));

        // The last one is the directory that ls reads.
        Assert.Equal("0\n1\n2\n3", await _folder.ReadAsync("descriptors"));
        string status = await _folder.ReadAsync("status");
        foreach (string set in new[] { "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb", "SigBlk" })
            Assert.Contains($"\n{set}:\t0000000000000000\n", status, StringComparison.Ordinal);

        // The C library leaves its own two, 32 and 33, ignored.
        long ignored = long.Parse(status.Split('\n').Single(line => line.StartsWith("SigIgn", StringComparison.Ordinal)).Split('\t')[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        Assert.Equal(0, ignored & ~0x1_8000_0000);
        Assert.Contains("\nNoNewPrivs:\t1\n", status, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_agent_itself_keeps_its_capabilities_and_its_umask()
    {
        string before = OwnStatus();
        for (int i = 0; i < 3; i++)
        {
            Configure($$"""{"resource_id":"r","command":["{{_folder.Script("nothing", "exit 0")}}"]}""");
            await Bench.ActivateAsync();
            Bench.Dispose();
        }

        Assert.Equal(before, OwnStatus());
        static string OwnStatus() => string.Join('\n', File.ReadLines("/proc/self/status").Where(line => line.StartsWith("Cap", StringComparison.Ordinal) || line.StartsWith("Umask", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("echo one; echo 'no such volume' >&2; echo; exit 3", "ended with exit status 3: no such volume")]
    [InlineData("exit 1", "ended with exit status 1")]
    [InlineData("printf 'no newline'; exit 255", "ended with exit status 255: no newline")]
    [InlineData(@"printf 'a\033[31mred\033[0m\tb\000c\r\n\342\200\256d\n'; exit 1", "ended with exit status 1: d")]
    [InlineData(@"printf 'a\033[31mred\tb\000c\n'; exit 1", "ended with exit status 1: a [31mred b c")]
    [InlineData("echo bye; kill -SEGV $$", "was killed by SIGSEGV: bye")]
    [InlineData("kill -KILL $$", "was killed by SIGKILL")]
    [InlineData("printf '%0500d' 7; exit 1", "ended with exit status 1: 000*…")]
    [InlineData("head -c 9000 /dev/zero | tr '\\0' x; exit 1", "ended with exit status 1: (its last line is too long to be shown)")]
    [InlineData("head -c 9000 /dev/zero | tr '\\0' x; echo; echo end; exit 1", "ended with exit status 1: end")]
    public async Task A_failure_says_what_happened_and_the_last_line_of_the_output(string body, string expected)
    {
        string program = _folder.Script("fails", body);
        Configure($$"""{"resource_id":"r","command":["{{program}}","argument-that-is-not-shown"]}""");
        string error = await Bench.FailAsync();
        string start = $"{program} ACTIVATED {expected}";
        if (start.Split('*') is [var head, var tail])
            Assert.True(error.StartsWith(head, StringComparison.Ordinal) && error.EndsWith(tail, StringComparison.Ordinal) && error.Length < 500, error);
        else
            Assert.Equal(start, error);
    }

    [Fact]
    public async Task A_hundred_megabytes_of_output_neither_block_the_program_nor_are_kept()
    {
        Configure($$"""{"resource_id":"r","command":["{{_folder.Script("loud", "head -c 100000000 /dev/zero; echo; echo done >&2; exit 1")}}"],"timeout":120}""");
        Assert.EndsWith("ended with exit status 1: done", await Bench.FailAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secrets_are_masked()
    {
        string program = _folder.Script("leaks", """echo "cannot log in as $U with $P, nor $KEY" | tr '\n' ' '; exit 1""");
        Configure($$"""{"resource_id":"r","command":["{{program}}"],"environment":{"U":"hunter","P":"hunter2","KEY":"-----BEGIN\nMIIB\n-----END","EMPTY":""} }""");
        Assert.Equal($"{program} ACTIVATED ended with exit status 1: cannot log in as *** with ***, nor *** *** ***", await Bench.FailAsync());
    }

    [Fact]
    public async Task At_its_deadline_the_whole_process_group_is_ended()
    {
        string program = _folder.Script("hangs", """
            sh -c 'echo $$ > '$here'/hangs.grandchild; exec sleep 1000' &
            echo waiting for the volume
            echo $$ > $here/hangs.pid
            exec sleep 1000
            """);
        Configure($$"""{"resource_id":"r","command":["{{program}}"],"timeout":{{Overdue}}}""");
        Assert.Equal($"{program} ACTIVATED did not end within {Overdue} s and was killed: waiting for the volume", await Bench.FailAsync());
        await ScriptFolder.EndedAsync(await _folder.PidAsync("hangs.pid"));
        await ScriptFolder.EndedAsync(await _folder.PidAsync("hangs.grandchild"));
    }

    [Fact]
    public async Task A_program_that_ignores_SIGTERM_is_killed_and_so_are_its_children()
    {
        string program = _folder.Script("stubborn", """
            trap '' TERM
            sh -c 'echo $$ > '$here'/stubborn.child; while :; do sleep 1000; done' &
            echo $$ > $here/stubborn.pid
            while :; do sleep 1000; done
            """);
        Configure($$"""{"resource_id":"r","command":["{{program}}"],"timeout":{{Overdue}}}""");
        Assert.Equal($"{program} ACTIVATED did not end within {Overdue} s and was killed", await Bench.FailAsync());
        await ScriptFolder.EndedAsync(await _folder.PidAsync("stubborn.pid"));
        await ScriptFolder.EndedAsync(await _folder.PidAsync("stubborn.child"));
    }

    [Fact]
    public async Task A_program_that_ends_orderly_on_SIGTERM_may_clean_up()
    {
        string program = _folder.Script("orderly", """
            trap 'echo cleaned > $here/orderly.cleaned; kill $child; exit 0' TERM
            sleep 1000 &
            child=$!
            wait
            """);
        Configure($$"""{"resource_id":"r","command":["{{program}}"],"timeout":{{Overdue}}}""");
        Assert.StartsWith($"{program} ACTIVATED did not end within {Overdue} s and was killed", await Bench.FailAsync(), StringComparison.Ordinal);
        Assert.Equal("cleaned", await _folder.ReadAsync("orderly.cleaned"));
    }

    [Fact]
    public async Task A_deactivation_ends_a_running_activation_and_starts_when_that_is_gone()
    {
        string program = _folder.Script("switched", """
            if [ $1 = ACTIVATED ]; then
              trap '' TERM
              echo $$ > $here/switched.pid
              while :; do sleep 1000; done
            fi
            kill -0 $(cat $here/switched.pid) && echo overlap > $here/switched.new || echo alone > $here/switched.new
            mv $here/switched.new $here/switched.off
            """);
        Configure($$"""{"resource_id":"r","command":["{{program}}"],"timeout":300}""");
        Bench.Output.Activate(15, 41);
        await _folder.PidAsync("switched.pid");
        await Bench.DeactivateAsync();
        Assert.Equal("alone", await _folder.ReadAsync("switched.off"));
        Assert.Empty(Bench.Loop.Errors);
    }

    [Fact]
    public async Task What_a_successful_run_leaves_in_the_background_goes_on_and_is_not_waited_for()
    {
        string program = _folder.Script("leaves", """
            sh -c 'echo $$ > '$here'/leaves.pid; exec sleep 1000' &
            until [ -s $here/leaves.pid ]; do :; done
            """);
        Configure($$"""{"resource_id":"r","command":["{{program}}"],"timeout":300}""");
        await Bench.ActivateAsync();
        int pid = await _folder.PidAsync("leaves.pid");
        try
        {
            Assert.Empty(Bench.Loop.Errors);
            Assert.True(ScriptFolder.Runs(pid));
        }
        finally
        {
            _ = LibC.kill(pid, LibC.SIGKILL);
        }
    }

    [Fact]
    public async Task What_a_failed_run_leaves_in_the_background_is_killed()
    {
        string program = _folder.Script("drops", """
            sh -c 'echo $$ > '$here'/drops.pid; exec sleep 1000' &
            until [ -s $here/drops.pid ]; do :; done
            exit 4
            """);
        Configure($$"""{"resource_id":"r","command":["{{program}}"],"timeout":300}""");
        Assert.EndsWith("ended with exit status 4", await Bench.FailAsync(), StringComparison.Ordinal);
        await ScriptFolder.EndedAsync(await _folder.PidAsync("drops.pid"));
    }

    [Fact]
    public async Task When_the_agent_stops_running_programs_are_ended()
    {
        Configure($$"""{"resource_id":"r","command":["{{_folder.Script("stopped", "trap '' TERM; echo $$ > $here/stopped.pid; while :; do sleep 1000; done")}}"],"timeout":300}""");
        Bench.Output.Activate(15, 41);
        int pid = await _folder.PidAsync("stopped.pid");
        Assert.True(ScriptFolder.Runs(pid));
        Bench.Loop.Dispose();
        Bench.Plugin.Dispose();
        await ScriptFolder.EndedAsync(pid);
    }

    [Fact]
    public async Task A_program_that_cannot_be_started_says_why()
    {
        string program = _folder[$"odd-{Guid.NewGuid():N}"];
        Configure($$"""{"resource_id":"r","command":["{{program}}"]}""");
        Assert.Equal($"{program} cannot be run: {program} does not exist on this host", await NextErrorAsync());

        File.WriteAllText(program, "#!/no/such/interpreter\n");
        Assert.Contains($"{program} is not executable for the user who runs programs; `chmod a+rx {program}`", await NextErrorAsync(), StringComparison.Ordinal);

        _folder.Program(Path.GetFileName(program), "#!/no/such/interpreter\n");
        Assert.Equal($"{program} cannot be started: the interpreter after #! in its first line, or its loader, does not exist (posix_spawn: No such file or directory (errno 2))", await NextErrorAsync());

        _folder.Program(Path.GetFileName(program), "#!/etc/passwd\n");
        Assert.StartsWith($"{program} cannot be started: its interpreter is not executable", await NextErrorAsync(), StringComparison.Ordinal);

        _folder.Program(Path.GetFileName(program), "echo without a first line\n");
        Assert.StartsWith($"{program} is no program that this machine can run; a script needs a first line such as #!/bin/sh", await NextErrorAsync(), StringComparison.Ordinal);

        // It recovers by itself.
        _folder.Script(Path.GetFileName(program), "exit 0");
        int errors = Bench.Loop.Errors.Count;
        Bench.Output.Activate(15, 41);
        await Bench.Loop.EndedAsync();
        Assert.Equal(errors, Bench.Loop.Errors.Count);
    }

    [Fact]
    public async Task Before_each_run_the_programs_directory_is_looked_at()
    {
        string directory = Directory.CreateDirectory(_folder["sub"]).FullName;
        string program = _folder.Script("sub/program", "echo ran > $here/sub.ran");
        Configure($$"""{"resource_id":"r","command":["{{program}}"]}""");
        File.SetUnixFileMode(directory, File.GetUnixFileMode(directory) | UnixFileMode.OtherWrite);
        Assert.Contains($"others than root can write directory {directory} ", await Bench.FailAsync(), StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["sub.ran"]));
    }

    private void Configure(string config) => _bench = new ExecBench(_folder, config);

    private async Task<string> NextErrorAsync()
    {
        Bench.Output.Activate(15, 41);
        await Bench.Loop.EndedAsync();
        return Bench.Loop.Errors[^1];
    }

    private static string Value(string lines, string name) =>
        lines.Split('\n').Single(line => line.StartsWith(name + "=", StringComparison.Ordinal))[(name.Length + 1)..].ToString(CultureInfo.InvariantCulture);
}
