using Link.Cli.Agent;

namespace Link.Cli;

internal static class Program
{
    public const string Version = "1.0.0";

    private static int Main(string[] args) => AgentCommand.Run(args.Length > 0 ? args[1..] : args);
}
