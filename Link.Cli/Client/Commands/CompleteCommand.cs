using System.CommandLine;
using System.CommandLine.Completions;
using Link.Cli.CommandLine;
using Link.Core.Api;

namespace Link.Cli.Client.Commands;

/// <summary>
/// <c>__complete -- WORD...</c>, which the shells' completion scripts run: what may stand in the place of the last word, one a line, with a tab and a
/// description where there is one. It never complains, and asks the agent for endpoints for a second at most.
/// </summary>
internal sealed class CompleteCommand
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    private readonly Argument<string[]> _words = new("WORD") { Arity = ArgumentArity.ZeroOrMore };
    private readonly Command _root;
    private readonly ClientConsole _console;
    private readonly GlobalOptions _options;

    private CompleteCommand(Command root, ClientConsole console, GlobalOptions options)
    {
        _root = root;
        _console = console;
        _options = options;
    }

    public static Command Create(Command root, ClientConsole console, GlobalOptions options)
    {
        CompleteCommand complete = new(root, console, options);
        Command command = new("__complete", "for the shells") { Hidden = true };
        command.Arguments.Add(complete._words);
        command.SetAction(complete.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult outer, CancellationToken cancel)
    {
        string[] words = outer.GetValue(_words) is { Length: > 0 } given ? given : [""];
        string last = words[^1];
        ParseResult parsed = _root.Parse(words[..^1], new ParserConfiguration { ResponseFileTokenReplacer = null });
        foreach ((string text, string? description) in await CandidatesAsync(parsed, words.Length > 1 ? words[^2] : "", last, cancel))
        {
            if (text.StartsWith(last, StringComparison.OrdinalIgnoreCase))
            {
                _console.Output.WriteLine(description is null ? text : $"{text}\t{Table.OneLine(description)}");
            }
        }

        return ExitCode.Ok;
    }

    private async Task<IEnumerable<(string Text, string? Description)>> CandidatesAsync(ParseResult parsed, string before, string last, CancellationToken cancel)
    {
        Command command = parsed.CommandResult.Command;
        List<Option> options = [.. command.Options];
        if (command != _root)
        {
            options.AddRange(_root.Options.Where(option => option.Recursive));
        }

        if (options.Find(option => option.ValueType != typeof(bool) && (option.Name == before || option.Aliases.Contains(before))) is { } valued)
        {
            return EndpointIdSymbols.Names(valued) ? await EndpointsAsync(parsed, last, cancel) : Values(valued);
        }

        if (last.StartsWith('-'))
        {
            return options.Where(option => !option.Hidden).Select(option => (option.Name, option.Description));
        }

        return command.Arguments.FirstOrDefault() is { } first && EndpointIdSymbols.Names(first) && parsed.GetResult(first) is not { Tokens.Count: > 0 }
            ? await EndpointsAsync(parsed, last, cancel)
            : command.Subcommands.Where(sub => !sub.Hidden).Select(sub => (sub.Name, sub.Description));
    }

    private static IEnumerable<(string Text, string? Description)> Values(Option option) =>
        option.GetCompletions(CompletionContext.Empty).Select(item => (item.Label, (string?)null));

    /// <summary>Addresses; ids for a word that begins like one.</summary>
    private async Task<IEnumerable<(string Text, string? Description)>> EndpointsAsync(ParseResult parsed, string last, CancellationToken cancel)
    {
        using CancellationTokenSource deadline = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        deadline.CancelAfter(s_patience);
        try
        {
            using ClientRun run = new(_console, _options, parsed, deadline.Token);
            IReadOnlyList<EndpointAnswer> all = await run.Agent.ListAsync(ApiForm.Endpoints, deadline.Token);
            return all.Select(item => item.Endpoint).Select(endpoint => last.StartsWith('v')
                ? (endpoint.Id, $"{EndpointAddress.Of(endpoint)} {endpoint.Status}")
                : (EndpointAddress.Of(endpoint), (string?)$"{endpoint.Status} {endpoint.Id}"));
        }
        catch (Exception)
        {
            // No agent, another password, a wrong option: the command itself will say so.
            return [];
        }
    }
}
