namespace Link.Cli.CommandLine;

/// <summary>The command line is wrong. The message is one line that says what would be right.</summary>
internal sealed class UsageException(string message) : Exception(message);
