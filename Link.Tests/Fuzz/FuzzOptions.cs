using System.Globalization;

namespace Link.Tests.Fuzz;

/// <summary>Command line of the long run.</summary>
internal sealed record FuzzOptions
{
    internal const string Usage = "usage: fuzz [TARGET...] [--inputs N] [--seed S] [--threads N] [--list]";

    private const long DefaultInputs = 10_000_000;

    /// <summary>Only targets that are called so or, if none is, whose name contains one of these; empty: all.</summary>
    internal IReadOnlyList<string> Targets { get; private init; } = [];

    /// <summary>Of all targets together.</summary>
    internal long Inputs { get; private init; } = DefaultInputs;

    /// <summary>Null: another one each time.</summary>
    internal ulong? Seed { get; private init; }

    internal int Threads { get; private init; } = Environment.ProcessorCount;

    internal bool List { get; private init; }

    /// <exception cref="FormatException">With the usage.</exception>
    internal static FuzzOptions Parse(IReadOnlyList<string> arguments)
    {
        var options = new FuzzOptions();
        for (int i = 0; i < arguments.Count; i++)
        {
            ulong Number() => ++i < arguments.Count && ulong.TryParse(arguments[i], NumberStyles.None, CultureInfo.InvariantCulture, out ulong number) && number is > 0 and <= long.MaxValue
                ? number
                : throw new FormatException($"{arguments[Math.Min(i, arguments.Count) - 1]} needs a positive number\n{Usage}");
            options = arguments[i] switch
            {
                "--inputs" => options with { Inputs = (long)Number() },
                "--seed" => options with { Seed = Number() },
                "--threads" => options with { Threads = (int)Math.Min(Number(), 64) },
                "--list" => options with { List = true },
                ['-', ..] unknown => throw new FormatException($"unknown option {unknown}\n{Usage}"),
                string target => options with { Targets = [.. options.Targets, target] },
            };
        }

        return options;
    }
}
