namespace Link.Tests.Simulation;

/// <summary>An invariant does not hold.</summary>
/// <param name="invariant">Its name, see <see cref="Invariants"/>.</param>
internal sealed class Violation(string invariant, string text) : Exception($"{invariant}: {text}")
{
    public string Invariant { get; } = invariant;
}
