using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;

namespace Link.Tests.Fuzz;

/// <summary>A long run over many targets, with a line now and then, and a table at its end.</summary>
internal static class FuzzProgram
{
    private static readonly TimeSpan s_line = TimeSpan.FromSeconds(10);

    /// <returns>1: something was found.</returns>
    internal static int Run(IReadOnlyList<string> arguments)
    {
        var options = FuzzOptions.Parse(arguments);
        List<FuzzTarget> targets = Choose(options.Targets);
        if (options.List)
        {
            targets.ForEach(static target => Console.WriteLine(target.Name));
            return 0;
        }

        if (targets.Count == 0)
            throw new FormatException($"no target is called {string.Join(" or ", options.Targets)}; --list prints them");
        ulong seed = options.Seed ?? (ulong)RandomNumberGenerator.GetInt32(int.MaxValue) << 20;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{options.Inputs:N0} inputs over {targets.Count} targets, {options.Threads} at a time, --seed {seed}"));
        Console.WriteLine();
        List<FuzzFind> finds = [];
        List<(string Name, long Inputs, double Seconds)> rows = [];
        long shares = targets.Sum(static target => (long)target.Share);
        foreach (FuzzTarget target in targets)
        {
            long inputs = Math.Max(1, (long)(options.Inputs * (decimal)target.Share / shares));
            long started = Stopwatch.GetTimestamp();
            (long done, List<FuzzFind> found) = RunOne(target, seed, inputs, (int)Math.Min(options.Threads, inputs));
            rows.Add((target.Name, done, Stopwatch.GetElapsedTime(started).TotalSeconds));
            finds.AddRange(found.DistinctBy(static find => find.What));
        }

        Console.WriteLine();
        Console.WriteLine($"{"TARGET",-18} {"INPUTS",12} {"INPUTS/S",10} {"FOUND",6}");
        foreach ((string name, long inputs, double seconds) in rows)
            WriteRow(name, inputs, seconds, finds.Count(find => find.Target == name));
        WriteRow("all", rows.Sum(static row => row.Inputs), rows.Sum(static row => row.Seconds), finds.Count);
        Console.WriteLine($"\npeak memory {PeakMiB()} MiB");
        foreach (FuzzFind find in finds)
            Console.WriteLine($"\n{find}");
        return finds.Count == 0 ? 0 : 1;
    }

    private static void WriteRow(string name, long inputs, double seconds, int found) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-18} {inputs,12:N0} {inputs / Math.Max(seconds, 0.001),10:N0} {found,6}"));

    private static List<FuzzTarget> Choose(IReadOnlyList<string> names)
    {
        List<FuzzTarget> exact = [.. FuzzTargets.All.Where(target => names.Contains(target.Name))];
        return exact.Count > 0
            ? exact
            : [.. FuzzTargets.All.Where(target => names.Count == 0 || names.Any(name => target.Name.Contains(name, StringComparison.Ordinal)))];
    }

    /// <summary>Each thread has a range of the seeds of its own.</summary>
    private static (long Done, List<FuzzFind> Finds) RunOne(FuzzTarget target, ulong seed, long inputs, int threads)
    {
        FuzzRun[] runs = [.. Enumerable.Range(0, threads).Select(i => new FuzzRun(target, seed + (ulong)(inputs * i / threads), inputs * (i + 1) / threads - inputs * i / threads))];
        FuzzFind?[] finds = new FuzzFind?[threads];
        Thread[] watchers = [.. runs.Select((run, i) => new Thread(() => finds[i] = run.Run()) { IsBackground = true })];
        Array.ForEach(watchers, static watcher => watcher.Start());
        (long shown, long at) = (0, Stopwatch.GetTimestamp());
        while (!Array.TrueForAll(watchers, static watcher => watcher.Join(TimeSpan.FromMilliseconds(100))))
        {
            if (Stopwatch.GetElapsedTime(at) < s_line)
                continue;
            long done = runs.Sum(static run => run.Done);
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture, $"{target.Name,-18} {done,12:N0} of {inputs,12:N0} {(done - shown) / Stopwatch.GetElapsedTime(at).TotalSeconds,10:N0}/s   peak memory {PeakMiB()} MiB"));
            (shown, at) = (done, Stopwatch.GetTimestamp());
        }

        return (runs.Sum(static run => run.Done), [.. finds.OfType<FuzzFind>()]);
    }

    /// <summary>VmHWM of proc(5).</summary>
    private static long PeakMiB()
    {
        string line = File.ReadLines("/proc/self/status").First(static line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.AsSpan(6).Trim(" \tkB"), CultureInfo.InvariantCulture) / 1024;
    }
}
