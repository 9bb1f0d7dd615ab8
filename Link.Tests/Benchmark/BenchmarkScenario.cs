using Link.Tests.Bed;

namespace Link.Tests.Benchmark;

/// <summary>Something that is done a few times, and the figures that come out of it.</summary>
/// <param name="Repetitions">Unless the command line says otherwise.</param>
internal sealed record BenchmarkScenario(
    string Name, int Repetitions, BedOptions Bed, Func<Scenarios, BenchmarkOptions, Task<IReadOnlyDictionary<string, double>>> Run, params Figure[] Figures);
