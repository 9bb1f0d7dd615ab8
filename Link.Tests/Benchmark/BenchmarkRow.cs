using System.Globalization;
using System.Text.Json.Nodes;

namespace Link.Tests.Benchmark;

/// <summary>A figure and what was measured of it.</summary>
/// <param name="Samples">In order of size; those of the repetitions that ended well.</param>
/// <param name="Failed">Repetitions that did not.</param>
internal sealed record BenchmarkRow(Figure Figure, IReadOnlyList<double> Samples, int Failed)
{
    internal double? Median => Samples.Count == 0 ? null : (Samples[(Samples.Count - 1) / 2] + Samples[Samples.Count / 2]) / 2;

    /// <summary>The median is over the limit, or there is none, or a repetition went wrong.</summary>
    internal bool Missed => Figure.Limit is { } limit && (Failed > 0 || Median is not { } median || median > limit);

    /// <summary>Median, and in brackets the lowest and the highest.</summary>
    internal string Measured => Median is not { } median ? "failed"
        : Samples.Count == 1 || Samples[0] == Samples[^1] ? $"{Format(median)} {Figure.Unit}".TrimEnd()
        : $"{Format(median)} ({Format(Samples[0])}..{Format(Samples[^1])}) {Figure.Unit}".TrimEnd();

    internal JsonObject ToJson(string scenario) => new()
    {
        ["scenario"] = scenario,
        ["figure"] = Figure.Key,
        ["title"] = Figure.Title,
        ["unit"] = Figure.Unit,
        ["limit"] = Figure.Limit,
        ["median"] = Median,
        ["samples"] = new JsonArray([.. Samples.Select(sample => (JsonNode)sample)]),
        ["failed"] = Failed,
        ["missed"] = Missed,
    };

    private static string Format(double value) =>
        value.ToString(value == Math.Floor(value) || Math.Abs(value) >= 1000 ? "0" : Math.Abs(value) >= 10 ? "0.0" : "0.00", CultureInfo.InvariantCulture);
}
