namespace Link.Cli.CommandLine;

/// <summary>What the client's exit code says.</summary>
internal static class ExitCode
{
    public const int Ok = 0;

    /// <summary>Refused by the agent, or tried without success.</summary>
    public const int Failed = 1;

    public const int Usage = 2;

    /// <summary>No agent answers, or TLS with it does not come about.</summary>
    public const int Unreachable = 3;

    /// <summary>Ctrl-C, as shells count it.</summary>
    public const int Interrupted = 130;
}
