namespace Link.Core.HealthChecks;

/// <summary>
/// The verdict on an endpoint from its rounds: failing after <c>fall</c> failed rounds in a row, healthy after <c>rise</c> good ones.
/// Before the first verdict one good round is enough to be healthy.
/// </summary>
/// <param name="Healthy">The verdict; null before the first.</param>
/// <param name="Streak">Rounds in a row that speak against the verdict (before the first one: failed rounds).</param>
internal readonly record struct RiseFall(bool? Healthy, int Streak)
{
    public RiseFall Next(bool passed, int fall, int rise)
    {
        if (passed == Healthy)
            return this with { Streak = 0 };
        if (passed && Healthy is null)
            return new RiseFall(true, 0);

        return Streak + 1 >= (passed ? rise : fall) ? new RiseFall(passed, 0) : this with { Streak = Streak + 1 };
    }
}
