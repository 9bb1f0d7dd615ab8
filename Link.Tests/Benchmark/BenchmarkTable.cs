namespace Link.Tests.Benchmark;

/// <summary>The table on the console. Rows appear as they are measured.</summary>
internal static class BenchmarkTable
{
    internal static void WriteHead()
    {
        Line("", "row", "LinK 3.3.0", "target", "measured: median (min..max)", "reps");
        Line("", new string('-', 68), new string('-', 30), new string('-', 7), new string('-', 28), "----");
    }

    internal static void Write(BenchmarkRow row) =>
        Line(row.Missed ? "!" : "", row.Figure.Title, row.Figure.Reference, row.Figure.Target, row.Measured,
            row.Failed == 0 ? $"{row.Samples.Count}" : $"{row.Samples.Count}, {row.Failed} failed");

    private static void Line(string mark, string title, string reference, string target, string measured, string repetitions) =>
        Console.WriteLine($"{mark,-1} {title,-68} {reference,-30} {target,-7} {measured,-28} {repetitions}".TrimEnd());
}
