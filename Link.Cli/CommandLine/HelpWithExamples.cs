using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Link.Cli.CommandLine;

/// <summary>The library's help, and below it examples of the command.</summary>
internal sealed class HelpWithExamples(HelpAction help, string programName) : SynchronousCommandLineAction
{
    private readonly Dictionary<Command, string[]> _examples = [];

    public override bool ClearsParseErrors => true;

    public void Add(Command command, params string[] examples) => _examples.Add(command, examples);

    public override int Invoke(ParseResult parseResult)
    {
        help.Invoke(parseResult);
        if (_examples.TryGetValue(parseResult.CommandResult.Command, out string[]? examples))
        {
            TextWriter output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (string example in examples)
            {
                output.WriteLine($"  {programName} {example}");
            }
        }

        return ExitCode.Ok;
    }
}
