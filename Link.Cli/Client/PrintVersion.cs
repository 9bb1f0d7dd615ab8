using System.CommandLine;
using System.CommandLine.Invocation;
using Link.Cli.CommandLine;

namespace Link.Cli.Client;

/// <summary><c>--version</c>: the client's, without asking an agent.</summary>
internal sealed class PrintVersion : SynchronousCommandLineAction
{
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        parseResult.InvocationConfiguration.Output.WriteLine($"{ClientProgram.Name} {ProductVersion.Text}");
        return ExitCode.Ok;
    }
}
