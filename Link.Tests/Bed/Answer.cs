namespace Link.Tests.Bed;

/// <summary>An answer to an echo request.</summary>
/// <param name="Sequence">Number of the request.</param>
/// <param name="At">When the client's kernel got it.</param>
/// <param name="From">Who sent it: link addresses tell the hosts apart.</param>
internal readonly record struct Answer(int Sequence, long At, MacAddress From);
