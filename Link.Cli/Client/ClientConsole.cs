namespace Link.Cli.Client;

/// <summary>The client's surroundings.</summary>
/// <param name="Output">Results.</param>
/// <param name="Error">Complaints.</param>
/// <param name="Environment">Environment variables.</param>
/// <param name="IsTerminal">A person reads the output.</param>
/// <param name="Input">What is piped in; null: nothing.</param>
/// <param name="ReadHidden">Asks a person at a terminal for a line that is not shown; null: nobody is there. Gives null when they end the input.</param>
internal sealed record ClientConsole(
    TextWriter Output, TextWriter Error, Func<string, string?> Environment, bool IsTerminal, TextReader? Input = null, Func<string?>? ReadHidden = null)
{
    /// <summary>Which option has taken the input; null: none yet.</summary>
    public string? InputIsFor { get; set; }
}
