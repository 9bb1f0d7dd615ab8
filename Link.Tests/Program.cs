using Link.Tests.Bed;
using Link.Tests.Benchmark;
using Link.Tests.Fuzz;
using Xunit.Runner.InProc.SystemConsole;

namespace Link.Tests;

/// <summary>
/// Entry point. <c>bench</c>: the benchmark; <c>demo</c>: the demonstration; <c>fuzz</c>: a long run of the fuzzer; anything else goes to xunit's console runner (<c>-?</c> lists it).
/// They share one test bed.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args) => args switch
    {
        ["bench", .. var rest] => await OnBedAsync(BenchmarkProgram.RunAsync, rest),
        ["fuzz", .. var rest] => Fuzz(rest),
        ["demo", .. var rest] => await OnBedAsync(Demonstration.RunAsync, rest),
        _ => await ConsoleRunner.Run(args),
    };

    private static int Fuzz(string[] arguments)
    {
        try
        {
            return FuzzProgram.Run(arguments);
        }
        catch (FormatException e)
        {
            Console.Error.WriteLine(e.Message);
            return 2;
        }
    }

    private static async Task<int> OnBedAsync(Func<IReadOnlyList<string>, Task<int>> run, string[] arguments)
    {
        if (TestBed.Unavailable is { } reason)
        {
            await Console.Error.WriteLineAsync(reason);
            return 1;
        }
        try
        {
            return await run(arguments);
        }
        catch (Exception e) when (e is FormatException or FileNotFoundException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 2;
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException or IOException or HttpRequestException)
        {
            await Console.Error.WriteLineAsync(e.Message);
            return 1;
        }
    }
}
