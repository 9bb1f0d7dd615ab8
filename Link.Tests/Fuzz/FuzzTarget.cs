using Link.Tests.Simulation;

namespace Link.Tests.Fuzz;

/// <summary>One way in for what others send, and how inputs for it are made.</summary>
/// <param name="Name">On the command line and in reports.</param>
/// <param name="Make">An input; the same for the same dice.</param>
/// <param name="Read">Does with an input what the program does with it. What must hold beyond not throwing, it asserts itself.</param>
internal sealed record FuzzTarget(string Name, Func<SimRandom, byte[]> Make, Action<byte[]> Read)
{
    /// <summary>Inputs of a test run: so many that all targets together take about a minute.</summary>
    public int InputsInTest { get; init; } = 10_000;

    /// <summary>Its part of a long run, next to the other targets': the cheaper an input is, the more.</summary>
    public int Share { get; init; } = 100;

    /// <summary>Types of the exceptions by which the program refuses, as the documentation of what it calls says. Any other is a find.</summary>
    public IReadOnlyList<Type> Refusals { get; init; } = [];

    /// <summary>Bytes that may be allocated for each byte of the input.</summary>
    public int MostPerByte { get; init; } = 64;

    /// <summary>Bytes that may be allocated on top of that, whatever the input is.</summary>
    public int MostAtAll { get; init; } = 64 * 1024;

    /// <summary>False: the work is done on other threads, where it cannot be counted.</summary>
    public bool IsMeasured { get; init; } = true;

    /// <summary>Inputs that grow: the worst that is known for the target.</summary>
    public IReadOnlyList<FuzzGrowth> Growths { get; init; } = [];
}
