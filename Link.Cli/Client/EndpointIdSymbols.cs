using System.CommandLine;
using Link.Cli.CommandLine;

namespace Link.Cli.Client;

/// <summary>The endpoint that a command is about: LinK 3's <c>--endpoint-id ID</c>, or LinK 2's word <c>ID</c>.</summary>
internal sealed class EndpointIdSymbols
{
    private readonly Option<string?> _option = new("--endpoint-id", "--id", "--endpoint") { Description = "same as ID", HelpName = "ID" };

    private readonly Argument<string[]> _words;

    /// <param name="moreWords">What may follow the ID, for help; null: nothing.</param>
    public EndpointIdSymbols(string? moreWords = null)
    {
        _words = new Argument<string[]>(moreWords is null ? "ID" : "ID_AND_MORE")
        {
            Description = "id, start of an id, address or election key",
            HelpName = moreWords is null ? "ID" : $"ID {moreWords}",
            Arity = moreWords is null ? ArgumentArity.ZeroOrOne : ArgumentArity.ZeroOrMore,
        };
    }

    public void AddTo(Command command)
    {
        command.Arguments.Add(_words);
        command.Options.Add(_option);
    }

    public string Id(ParseResult parsed) => Read(parsed).Id;

    /// <returns>The id, and the words after it.</returns>
    public (string Id, string[] Words) Read(ParseResult parsed)
    {
        string? option = parsed.GetValue(_option);
        string[] words = parsed.GetValue(_words) ?? [];
        if (option is not null)
        {
            // Words are then what follows the ID, unless nothing may follow it.
            return _words.Arity.MaximumNumberOfValues == 1 && words.Length > 0
                ? throw new UsageException($"both {option} and {words[0]} are given; give one endpoint")
                : (option, words);
        }

        return words is [string id, .. string[] rest]
            ? (id, rest)
            : throw new UsageException("which endpoint? Give its id, the start of it, or its address");
    }
}
