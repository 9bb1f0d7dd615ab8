using System.Text.Json.Nodes;
using Link.Tests.Bed;

namespace Link.Tests.Benchmark;

/// <summary>Runs the plan and prints the table.</summary>
internal static class BenchmarkProgram
{
    /// <summary>Much longer than the longest takeover that LinK itself has.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        var options = BenchmarkOptions.Parse(arguments);
        var chosen = Choose(options.Rows);
        if (options.List)
        {
            foreach (var scenario in BenchmarkPlan.Scenarios)
                Console.WriteLine($"{scenario.Name,-22} {scenario.Figures[0].Title}");
            return 0;
        }
        if (chosen.Count == 0)
            throw new FormatException($"no scenario is called {string.Join(" or ", options.Rows)}; --list prints them");

        Console.WriteLine($"LinK, {Programs.Link}; {Environment.ProcessorCount} processors; defaults (KEEPALIVE_INTERVAL=3s); a request a millisecond");
        Console.WriteLine();
        BenchmarkTable.WriteHead();
        var report = new JsonArray();
        var missed = 0;
        foreach (var group in chosen.GroupBy(scenario => scenario.Bed))
        {
            await using var bed = await TestBed.StartAsync(group.Key);
            foreach (var scenario in group)
            {
                var (values, faults) = await RepeatAsync(scenario, bed, options);
                foreach (var figure in scenario.Figures)
                {
                    var samples = values.Where(value => value.ContainsKey(figure.Key)).Select(value => value[figure.Key]).Order().ToList();
                    var row = new BenchmarkRow(figure, samples, faults.Count);
                    BenchmarkTable.Write(row);
                    missed += row.Missed ? 1 : 0;
                    report.Add(row.ToJson(scenario.Name));
                }
                foreach (var fault in faults.Distinct())
                    Console.WriteLine($"    {scenario.Name}: {fault}");
            }
        }
        Console.WriteLine();
        Console.WriteLine(missed == 0 ? "Every target is met." : $"{missed} {(missed == 1 ? "row misses its target" : "rows miss their targets")}, marked with !");
        if (options.JsonFile is not null)
            await File.WriteAllTextAsync(options.JsonFile, report.ToString() + "\n");
        return missed == 0 ? 0 : 1;
    }

    private static List<BenchmarkScenario> Choose(IReadOnlyList<string> rows)
    {
        var exact = BenchmarkPlan.Scenarios.Where(scenario => rows.Contains(scenario.Name)).ToList();
        return exact.Count > 0
            ? exact
            : [.. BenchmarkPlan.Scenarios.Where(scenario => rows.Count == 0 || rows.Any(row => scenario.Name.Contains(row, StringComparison.Ordinal)))];
    }

    private static async Task<(List<IReadOnlyDictionary<string, double>> Values, List<string> Faults)> RepeatAsync(
        BenchmarkScenario scenario, TestBed bed, BenchmarkOptions options)
    {
        var scenarios = new Scenarios(bed, Patience);
        var values = new List<IReadOnlyDictionary<string, double>>();
        var faults = new List<string>();
        for (var i = 0; i < (options.Repetitions ?? scenario.Repetitions); i++)
        {
            try
            {
                values.Add(await scenario.Run(scenarios, options));
            }
            catch (Exception e) when (e is TimeoutException or InvalidOperationException or HttpRequestException or IOException or OperationCanceledException)
            {
                // A repetition that went wrong is a row that misses its target, not the end of the benchmark.
                faults.Add(e.Message.Split('\n')[0]);
            }
            if (options.Verbose)
                Console.WriteLine($"{scenario.Name} {i + 1}: {scenarios.Last}\n{bed.Logs()}");
        }
        return (values, faults);
    }
}
