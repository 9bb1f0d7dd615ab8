using System.CommandLine;
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
        try
        {
            Command root = CommandTree.Build(console);
            ParseResult parsed = root.Parse(args.Count == 0 ? ["--help"] : args, new ParserConfiguration { ResponseFileTokenReplacer = null });
            if (parsed.Errors.Count > 0 && parsed.Action is not HelpWithExamples)
            {
                // One line: the first fault is the cause, the others follow from it as a rule.
                throw new UsageException(parsed.Errors[0].Message.TrimEnd('.'));
            }

            return await parsed.InvokeAsync(
                new InvocationConfiguration { Output = console.Output, Error = console.Error, ProcessTerminationTimeout = null, EnableDefaultExceptionHandler = false },
                cancel);
        }
        catch (UsageException usage)
        {
            return Complain(console, $"{usage.Message}. See: {Name} --help", ExitCode.Usage);
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

    private static int Complain(ClientConsole console, string message, int code)
    {
        console.Error.WriteLine($"{Name}: {message.ReplaceLineEndings(" ")}");
        return code;
    }
}
