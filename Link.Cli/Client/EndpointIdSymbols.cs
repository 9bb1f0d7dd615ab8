using System.CommandLine;
using Link.Cli.CommandLine;

namespace Link.Cli.Client;

/// <summary>The endpoint that a command is about: LinK 3's <c>--endpoint-id ID</c>, or LinK 2's word <c>ID</c>.</summary>
internal sealed class EndpointIdSymbols
{
    private const string OptionName = "--endpoint-id";
    private const string ArgumentName = "ID";

    private readonly Option<string?> _option = new(OptionName, "--id", "--endpoint") { Description = "same as ID", HelpName = "ID" };

    private readonly Argument<string?> _first = new(ArgumentName) { Description = "id, start of an id, address or election key", Arity = ArgumentArity.ZeroOrOne };

    private readonly Argument<string[]>? _more;

    /// <param name="moreWords">What may follow the ID, for help; null: nothing.</param>
    public EndpointIdSymbols(string? moreWords = null) =>
        _more = moreWords is null ? null : new Argument<string[]>(moreWords) { Description = "checks", Arity = ArgumentArity.ZeroOrMore };

    public void AddTo(Command command)
    {
        command.Arguments.Add(_first);
        if (_more is not null)
        {
            command.Arguments.Add(_more);
        }

        command.Options.Add(_option);
    }

    /// <summary>Whether an endpoint is what stands there.</summary>
    public static bool Names(Symbol symbol) => symbol.Name is OptionName or ArgumentName;

    public string Id(ParseResult parsed) => Read(parsed).Id;

    /// <returns>The id, and the words after it.</returns>
    public (string Id, string[] Words) Read(ParseResult parsed)
    {
        string? option = parsed.GetValue(_option);
        string? first = parsed.GetValue(_first);
        string[] more = _more is null ? [] : parsed.GetValue(_more) ?? [];
        return (option, first) switch
        {
            (null, null) => throw new UsageException("which endpoint? Give its id, the start of it, or its address"),
            (null, _) => (first, more),
            (_, null) => (option, more),
            // With the option, the words are what follows the ID, where something may follow it.
            _ when _more is not null => (option, [first, .. more]),
            _ => throw new UsageException($"both {option} and {first} are given; give one endpoint"),
        };
    }
}
