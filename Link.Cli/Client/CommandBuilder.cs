using System.CommandLine;
using Link.Cli.CommandLine;

namespace Link.Cli.Client;

/// <summary>Makes commands that share the global options, the help and the way they run.</summary>
internal sealed class CommandBuilder(ClientConsole console, GlobalOptions options, HelpWithExamples help)
{
    /// <param name="name">The command's word.</param>
    /// <param name="description">One line of help.</param>
    /// <param name="aliases">Other words for it.</param>
    /// <param name="examples">Command lines, without the program's name.</param>
    public Command Make(string name, string description, string[] aliases, params string[] examples)
    {
        Command command = new(name, description);
        foreach (string alias in aliases)
        {
            command.Aliases.Add(alias);
        }

        help.Add(command, examples);
        return command;
    }

    /// <summary>Runs <paramref name="action"/> when the command is given; it returns the exit code.</summary>
    public void Run(Command command, Func<ClientRun, Task<int>> action) => command.SetAction(async (parsed, cancel) =>
    {
        using ClientRun run = new(console, options, parsed, cancel);
        return await action(run);
    });

    /// <summary>Runs <paramref name="action"/>, which asks no agent, when the command is given.</summary>
    public void RunAlone(Command command, Func<ClientConsole, GlobalOptions, ParseResult, CancellationToken, int> action) =>
        command.SetAction((parsed, cancel) =>
        {
            try
            {
                return Task.FromResult(action(console, options, parsed, cancel));
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested)
            {
                console.Error.WriteLine("link-client: interrupted");
                return Task.FromResult(ExitCode.Interrupted);
            }
        });
}
