using System.Globalization;

namespace Link.Tests.Benchmark;

/// <summary>Command line of the benchmark.</summary>
internal sealed record BenchmarkOptions
{
    internal const string Usage = "usage: bench [ROW...] [--reps N] [--window SECONDS] [--json FILE] [--verbose] [--list]";

    /// <summary>Only scenarios that are called so or, if none is, whose name contains one of these; empty: all.</summary>
    internal IReadOnlyList<string> Rows { get; private init; } = [];

    /// <summary>Null: the scenario's own.</summary>
    internal int? Repetitions { get; private init; }

    /// <summary>How long the agent is watched at rest.</summary>
    internal TimeSpan Window { get; private init; } = TimeSpan.FromSeconds(60);

    internal string? JsonFile { get; private init; }

    internal bool List { get; private init; }

    /// <summary>Prints every repetition in full, and the agents' logs.</summary>
    internal bool Verbose { get; private init; }

    /// <exception cref="FormatException">With the usage.</exception>
    internal static BenchmarkOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new BenchmarkOptions();
        for (var i = 0; i < arguments.Count; i++)
        {
            string Value() => ++i < arguments.Count ? arguments[i] : throw new FormatException($"{arguments[i - 1]} needs a value\n{Usage}");
            int Number() => int.TryParse(Value(), CultureInfo.InvariantCulture, out var number) && number > 0
                ? number
                : throw new FormatException($"'{arguments[i]}' is not a positive number\n{Usage}");
            options = arguments[i] switch
            {
                "--reps" => options with { Repetitions = Number() },
                "--window" => options with { Window = TimeSpan.FromSeconds(Number()) },
                "--json" => options with { JsonFile = Path.GetFullPath(Value()) },
                "--verbose" => options with { Verbose = true },
                "--list" => options with { List = true },
                ['-', ..] unknown => throw new FormatException($"unknown option {unknown}\n{Usage}"),
                var row => options with { Rows = [.. options.Rows, row] },
            };
        }
        return options;
    }
}
