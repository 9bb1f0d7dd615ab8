using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;
using Link.Core.Net.Linux;
using Link.Core.Plugins;
using Link.Core.Plugins.Exec;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Plugins.Exec;

/// <summary>Programs that a service runs for the agent. As a user of their own: see Packaging.</summary>
[SupportedOSPlatform("linux")]
public sealed class ProgramServiceTests(ScriptFolder folder) : IClassFixture<ScriptFolder>
{
    private const string PathVariable = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    private static readonly TimeSpan s_long = TimeSpan.FromSeconds(300);

    private readonly ScriptFolder _folder = folder;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_output_runs_through_it_and_its_end_is_told_as_ever()
    {
        using var service = new LocalProgramService([_folder.Path]);
        string program = _folder.Script("served", "echo \"$1 $LINK_ENV_A $LINK_ENDPOINT_ID\" > $here/served.out; [ $1 = STANDBY ] || exit 0; echo a secret: $LINK_ENV_A; exit 3");
        using var bench = new ExecBench(_folder, $$"""{"resource_id":"r","command":["{{program}}"],"environment":{"LINK_ENV_A":"hunter2"} }""", service.Path);
        await bench.ActivateAsync();
        Assert.Empty(bench.Loop.Errors);
        Assert.Equal($"ACTIVATED hunter2 {ExecBench.EndpointId}", await _folder.ReadAsync("served.out"));
        await bench.DeactivateAsync();
        Assert.Equal([$"{program} STANDBY ended with exit status 3: a secret: ***"], bench.Loop.Errors);
        Assert.Equal(2, service.Connections);
    }

    [Fact]
    public async Task A_program_that_is_overdue_and_one_that_cannot_be_started_are_told()
    {
        using var service = new LocalProgramService([_folder.Path]);
        using var runner = new ServiceProgramRunner(service.Path);
        string hangs = _folder.Script("overdue", "sleep 1000");
        Assert.Equal(ProgramEndKind.Overdue, (await runner.RunAsync([hangs], [], TimeSpan.FromMilliseconds(200), Cancel)).Kind);
        string broken = _folder.Program("broken", "#!/no/such/interpreter\n");
        KernelException fault = await Assert.ThrowsAsync<KernelException>(() => runner.RunAsync([broken], [], s_long, Cancel));
        Assert.Equal(("posix_spawn", Errno.ENOENT), (fault.Error.What, fault.Error.Number));
    }

    /// <summary>What somebody asks who has taken over the agent.</summary>
    [Fact]
    public async Task What_the_service_itself_does_not_let_run_is_refused_whatever_the_agent_asks()
    {
        string program = _folder.Script("asked", "exit 0");
        using var service = new LocalProgramService([_folder.Path]);
        await RefusedAsync(service, ["/bin/sh", "-c", "id"], [PathVariable], $"/bin/sh is not below {_folder.Path}; put it there, or a symlink to it, or change EXEC_DIRECTORIES");
        await RefusedAsync(service, [program], ["LD_PRELOAD=/tmp/evil.so"], $"{program} may not be run: LD_PRELOAD is not a variable that its environment may have: LINK_ENV_*, LANG, LC_*");
        await RefusedAsync(service, [program], ["PATH=/tmp"], $"{program} may not be run: PATH is not a variable that its environment may have: LINK_ENV_*, LANG, LC_*");
        await RefusedAsync(service, [$"{_folder.Path}/../../../bin/sh"], [], "the request names no program by its absolute path");
        await RefusedAsync(service, [], [], "the request names no program by its absolute path");
        await RefusedAsync(service, [program, "a\0b"], [], "the request names no program by its absolute path");
        await RefusedAsync(service, [program], [], $"{program} may not be run for 301 s", TimeSpan.FromSeconds(301));
        await RefusedAsync(service, [program], [], $"{program} may not be run for 0 s", TimeSpan.Zero);
    }

    [Fact]
    public async Task An_agent_that_does_not_want_the_program_any_more_ends_it_and_all_that_it_started()
    {
        using var service = new LocalProgramService([_folder.Path]);
        using var runner = new ServiceProgramRunner(service.Path);
        string program = _folder.Script("unwanted", "trap '' TERM; sleep 1000 & echo $! > $here/child.new; mv $here/child.new $here/child; wait; sleep 1000");
        using var unwanted = new CancellationTokenSource();
        Task<ProgramEnd> run = runner.RunAsync([program], [], s_long, unwanted.Token);
        int child = await _folder.PidAsync("child");
        unwanted.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        // Not later: the next run may not meet it.
        Assert.False(ScriptFolder.Runs(child));
    }

    [Fact]
    public async Task An_agent_that_dies_ends_the_program()
    {
        using var service = new LocalProgramService([_folder.Path]);
        string program = _folder.Script("orphan", "echo $$ > $here/orphan.new; mv $here/orphan.new $here/orphan.pid; sleep 1000");
        using (Socket agent = await ConnectAsync(service.Path))
        {
            await ProgramMessage.SendAsync(agent, ProgramMessage.Request(new ProgramRequest([program], [], s_long)), Cancel);
            await _folder.PidAsync("orphan.pid");
        }

        await ScriptFolder.EndedAsync(int.Parse(await _folder.ReadAsync("orphan.pid"), System.Globalization.CultureInfo.InvariantCulture));
        await service.EndedAsync();
    }

    [Fact]
    public async Task Without_the_service_no_program_is_run_and_the_error_says_what_to_do()
    {
        using var place = new TemporaryFolder();
        string nowhere = Path.Combine(place.Path, "none.sock");
        string program = _folder.Script("unserved", "echo ran > $here/unserved.ran");
        using var bench = new ExecBench(_folder, $$"""{"resource_id":"r","command":["{{program}}"]}""", nowhere);
        Assert.StartsWith($"{program} is not run: nobody runs programs at EXEC_SOCKET={nowhere} (", await bench.FailAsync(), StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["unserved.ran"]));
    }

    [Fact]
    public async Task A_service_that_ends_without_an_answer_or_answers_nonsense_is_told()
    {
        string program = _folder.Script("lost", "exit 0");
        using var silent = new LocalProgramService([], static connection => ProgramMessage.ReceiveAsync(connection, CancellationToken.None));
        using (var runner = new ServiceProgramRunner(silent.Path))
        {
            OutputException fault = await Assert.ThrowsAsync<OutputException>(() => runner.RunAsync([program], [], s_long, Cancel));
            Assert.Equal($"{program} may not have run to its end: the service at EXEC_SOCKET={silent.Path} ended without an answer; `journalctl -u 'link-exec@*'`", fault.Message);
        }

        foreach (string nonsense in new[] { "\u0002\0\0\0{}", "\u0002\0\0\0[]", "\u0003\0\0\0xyz", "\u00ff\u00ff\u00ff\u007f" })
        {
            using var mad = new LocalProgramService([], async connection =>
            {
                await ProgramMessage.ReceiveAsync(connection, CancellationToken.None);
                await connection.SendAsync(Encoding.Latin1.GetBytes(nonsense));
            });
            using var runner = new ServiceProgramRunner(mad.Path);
            OutputException fault = await Assert.ThrowsAsync<OutputException>(() => runner.RunAsync([program], [], s_long, Cancel));
            Assert.Contains(" broke off: ", fault.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("\u0002\0\0\0{}")]
    [InlineData("\u0004\0\0\0null")]
    [InlineData("\u00ff\u00ff\u00ff\u00ff")]
    [InlineData("\u0001\0\u0010\0x")]
    [InlineData("\u0026\0\0\0{\"argv\":[1],\"environment\":[],\"timeout\":1")]
    public async Task A_request_that_is_none_is_not_answered(string bytes)
    {
        using var service = new LocalProgramService([_folder.Path]);
        using Socket stranger = await ConnectAsync(service.Path);
        await stranger.SendAsync(Encoding.Latin1.GetBytes(bytes), Cancel);
        try
        {
            Assert.Null(await ProgramMessage.ReceiveAsync(stranger, Cancel));
        }
        catch (SocketException closed)
        {
            // What was not read resets the connection.
            Assert.Equal(SocketError.ConnectionReset, closed.SocketErrorCode);
        }

        await service.EndedAsync();
    }

    private static async Task RefusedAsync(LocalProgramService service, string[] argv, string[] environment, string reason, TimeSpan? timeout = null)
    {
        using Socket agent = await ConnectAsync(service.Path);
        await ProgramMessage.SendAsync(agent, ProgramMessage.Request(new ProgramRequest(argv, environment, timeout ?? s_long)), Cancel);
        byte[]? answer = await ProgramMessage.ReceiveAsync(agent, Cancel);
        Assert.Equal(reason, Assert.Throws<OutputException>(() => ProgramMessage.ReadAnswer(answer!)).Message);
    }

    private static async Task<Socket> ConnectAsync(string path)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), Cancel);
        return socket;
    }
}
