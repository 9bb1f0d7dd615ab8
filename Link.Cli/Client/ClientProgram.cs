using System.CommandLine;
using System.CommandLine.Parsing;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client;

/// <summary>The command line client: parses, runs, and turns what went wrong into one line and an exit code.</summary>
internal static class ClientProgram
{
    /// <summary>Its name in help and messages, also when it runs as <c>link client</c>.</summary>
    public const string Name = "link-client";

    public static async Task<int> RunAsync(IReadOnlyList<string> args, ClientConsole console, CancellationToken cancel)
    {
        ParseResult? parsed = null;
        try
        {
            Command root = CommandTree.Build(console);
            parsed = root.Parse(args.Count == 0 ? ["--help"] : args, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (parsed.Errors.Count > 0 && parsed.Action is not HelpWithExamples)
            {
                throw new UsageException(Explain(parsed));
            }

            return await parsed.InvokeAsync(
                new InvocationConfiguration { Output = console.Output, Error = console.Error, ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false },
                cancel);
        }
        catch (UsageException usage)
        {
            return Complain(console, $"{usage.Message}. See: {CommandLine(parsed)} --help", ExitCode.Usage);
        }
        catch (ApiRefusedException refused) when (refused.Status == 401)
        {
            return Complain(console, $"{refused.Message}: give --user and --password, or LINK_USER and LINK_PASSWORD", ExitCode.Failed);
        }
        catch (ApiRefusedException refused)
        {
            return Complain(console, refused.Message, ExitCode.Failed);
        }
        catch (ApiUnreachableException unreachable)
        {
            return Complain(console, $"{unreachable.Message}; is it running? Point elsewhere with --host HOST:PORT or --socket PATH", ExitCode.Unreachable);
        }
        catch (ApiUntrustedException untrusted)
        {
            return Complain(console, untrusted.Message, ExitCode.Unreachable);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            return Complain(console, "interrupted; what the agent was told to do goes on", ExitCode.Interrupted);
        }
        catch (IOException)
        {
            // Nobody reads the output any more.
            return ExitCode.Failed;
        }
        catch (Exception fault)
        {
            return Complain(console, $"unexpected: {fault.Message}", ExitCode.Failed);
        }
    }

    /// <summary>One line: the first fault is the cause, the others follow from it as a rule.</summary>
    private static string Explain(ParseResult parsed)
    {
        IEnumerable<string> commands = parsed.CommandResult.Command.Subcommands.Where(command => !command.Hidden).Select(command => command.Name);
        return (parsed.UnmatchedTokens, parsed.CommandResult.Command.Subcommands.Count) switch
        {
            ([], > 0) => $"{parsed.CommandResult.Command.Name} needs a command: {string.Join(", ", commands)}",
            ([string token, ..], > 0) => $"{token} is no command; the commands are {string.Join(", ", commands)}",
            ([string token, ..], _) => $"{token} is one word or option too many",
            _ => parsed.Errors[0].Message.TrimEnd('.'),
        };
    }

    private static string CommandLine(ParseResult? parsed)
    {
        Stack<string> words = [];
        for (SymbolResult? result = parsed?.CommandResult; result is CommandResult command; result = command.Parent)
        {
            words.Push(command.Command.Name);
        }

        return words.Count == 0 ? Name : string.Join(' ', words);
    }

    private static int Complain(ClientConsole console, string message, int code)
    {
        console.Error.WriteLine($"{Name}: {message.ReplaceLineEndings(" ")}");
        return code;
    }
}
