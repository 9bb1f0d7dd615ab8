using Xunit.Runner.InProc.SystemConsole;

namespace Link.Tests;

/// <summary>Entry point of the tests. Every argument goes to xunit's console runner (<c>-?</c> lists them).</summary>
internal static class Program
{
    private static async Task<int> Main(string[] args) => await ConsoleRunner.Run(args);
}
