using System.Net.Sockets;
using Link.Cli.CommandLine;
using Link.Core.Agent;
using Link.Core.Net.Linux;
using Link.Core.Plugins.Exec;

namespace Link.Cli.Agent;

/// <summary>
/// <c>link exec-program</c>: runs one program for the agent, whose connection is the standard input. systemd starts it for each connection to
/// link-exec.socket, as user link-exec.
/// </summary>
internal static class ExecProgramCommand
{
    public const string Name = "exec-program";

    public static int Run()
    {
        // The programs have the same user, and what one is given is not for another.
        CoreDumps.Forbid();
        (IReadOnlyList<string> directories, ProgramVariables variables, string? fault) = AgentOptions.ReadForPrograms(AgentCommand.ReadEnvironment());
        if (fault == null)
        {
            try
            {
                using Socket connection = new(new SafeSocketHandle(0, ownsHandle: false));
                fault = ProgramService.ServeAsync(connection, directories, variables).GetAwaiter().GetResult();
            }
            catch (SocketException noSocket)
            {
                fault = $"the standard input is no connection ({noSocket.Message}); link-exec.socket starts this";
            }
        }

        if (fault == null)
            return ExitCode.Ok;
        Console.Error.WriteLine($"link {Name}: {fault}");
        return ExitCode.Failed;
    }
}
