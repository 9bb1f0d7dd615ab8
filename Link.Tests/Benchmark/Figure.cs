namespace Link.Tests.Benchmark;

/// <summary>One line of the table.</summary>
/// <param name="Key">Name of the figure in what the scenario measured.</param>
/// <param name="Reference">What LinK 3.3.0 does, measured on the same kind of bed; - where it was not measured.</param>
/// <param name="Target">As the table shows it.</param>
/// <param name="Limit">The target as a number, in <paramref name="Unit"/>; null: shown for information.</param>
internal sealed record Figure(string Key, string Title, string Reference, string Target, double? Limit, string Unit);
