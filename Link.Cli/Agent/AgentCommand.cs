namespace Link.Cli.Agent;

/// <summary><c>link agent</c>.</summary>
internal static class AgentCommand
{
    public static int Run(string[] args)
    {
        Console.Error.WriteLine($"link agent is not part of this build ({args.Length} arguments)");
        return 1;
    }
}
