using System.Runtime.InteropServices;
using System.Text;
using Link.Cli.Agent;
using Link.Cli.Client;
using Link.Cli.CommandLine;
using Microsoft.Win32.SafeHandles;

namespace Link.Cli;

/// <summary>One executable with several names: what it does follows from the name it was called by, then from the first argument.</summary>
internal static class Program
{
    private const string Help = """
        LinK: decides with etcd which host holds a virtual IP.

        Usage:
          link agent [--check-config]     run the agent (also: link-agent)
          link client COMMAND             talk to an agent (also: link-client)
          link version                    print the version

        Examples:
          ETCD_HOSTS=http://10.0.0.5:2379 INTERFACE=eth0 link agent
          link client ips add 10.0.0.1/32 --wait
          link client ips list

        More: link client --help
        """;

    private static int Main(string[] args)
    {
        try
        {
            FillStandardDescriptors();
            return Run(args);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // Standard error cannot be written either (a full disk, or it was closed): nobody can be told.
            return ExitCode.Failed;
        }
    }

    /// <summary>
    /// Of the descriptors 0 to 2, one that was closed from the start would go to the next file, pipe or socket, and output would be written into that:
    /// into .NET's own pipe of signals, say. What takes its place cannot be written, so that whoever writes is told.
    /// </summary>
    private static void FillStandardDescriptors()
    {
        while (true)
        {
            SafeFileHandle free = File.OpenHandle("/dev/null", FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            if (free.DangerousGetHandle() > 2)
            {
                free.Dispose();
                return;
            }

            // It stays open for good.
            free.SetHandleAsInvalid();
        }
    }

    private static int Run(string[] args)
    {
        // The name as typed: ProcessPath would be the file that a symbolic link leads to.
        string name = Path.GetFileName(Environment.GetCommandLineArgs()[0]);
        return (name, args) switch
        {
            ("link-client", _) => RunClient(args),
            ("link-agent", _) => AgentCommand.Run(args),
            (_, ["agent", .. string[] rest]) => AgentCommand.Run(rest),
            (_, ["client", .. string[] rest]) => RunClient(rest),
            // Not in the help: link-exec.socket starts it.
            (_, [ExecProgramCommand.Name]) => ExecProgramCommand.Run(),
            (_, [] or ["help" or "--help" or "-h" or "-?"]) => Print(Help),
            (_, ["version" or "--version"]) => Print($"link {ProductVersion.Text}"),
            _ => Refuse(args[0]),
        };
    }

    private static int Print(string text)
    {
        StreamWriter output = OpenOutput();
        output.WriteLine(text);
        return Finish(output, ExitCode.Ok);
    }

    private static int Refuse(string verb)
    {
        Console.Error.WriteLine($"link: no command {verb}; the commands are agent, client and version. For client commands: link client {verb}");
        return ExitCode.Usage;
    }

    private static int RunClient(string[] args)
    {
        using CancellationTokenSource interrupt = new();
        using PosixSignalRegistration registration = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal =>
        {
            signal.Cancel = true;
            interrupt.Cancel();
        });

        StreamWriter output = OpenOutput();
        using StreamWriter error = new(Console.OpenStandardError(), new UTF8Encoding(false), 256) { AutoFlush = true };
        using StreamReader input = new(Console.OpenStandardInput(), Encoding.UTF8);
        ClientConsole console = new(output, error, Environment.GetEnvironmentVariable, IsTerminal: !Console.IsOutputRedirected, input, Console.IsInputRedirected ? null : HiddenLine.Read);
        return Finish(output, ClientProgram.RunAsync(args, console, interrupt.Token).GetAwaiter().GetResult());
    }

    /// <summary>
    /// Writes what is left. A pipe that its reader closed is no fault to .NET; a full disk is one, and so is an output that was closed from the start
    /// (UnauthorizedAccessException).
    /// </summary>
    private static int Finish(StreamWriter output, int code)
    {
        try
        {
            output.Flush();
            return code;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            Console.Error.WriteLine($"link: the output cannot be written: {fault.GetBaseException().Message}");
            return ExitCode.Failed;
        }
    }

    // Console.Out would look at the terminal first, which takes longer than most commands.
    private static StreamWriter OpenOutput() => new(Console.OpenStandardOutput(), new UTF8Encoding(false), 4096) { AutoFlush = false };
}
