using System.CommandLine;

namespace Link.Cli.Client;

/// <summary><c>--wait</c> and how long.</summary>
internal sealed class WaitOptions
{
    private static readonly TimeSpan s_default = TimeSpan.FromSeconds(30);

    private readonly Option<bool> _wait;
    private readonly Option<string?> _timeout = new("--wait-timeout") { Description = "how long to wait [default: 30s]", HelpName = "DURATION" };

    /// <param name="state">What is waited for, for help.</param>
    public WaitOptions(string state) => _wait = new Option<bool>("--wait") { Description = $"wait until {state}" };

    public void AddTo(Command command)
    {
        command.Options.Add(_wait);
        command.Options.Add(_timeout);
    }

    /// <returns>How long to wait; null: not at all.</returns>
    public TimeSpan? Read(ParseResult parsed)
    {
        TimeSpan? timeout = GlobalOptions.Duration("--wait-timeout", parsed.GetValue(_timeout));
        return parsed.GetValue(_wait) ? timeout ?? s_default : null;
    }
}
