using System.Globalization;
using System.Text;
using Xunit;

namespace Link.Tests.Simulation;

/// <summary>
/// Many seeds. <c>LINK_SIM_RUNS</c> sets how many (10000). <c>LINK_SIM_SEED</c> runs that one alone and prints its trace (the last 400 lines,
/// or <c>LINK_SIM_TRACE</c>); both together run so many from that one on.
/// </summary>
public sealed class SimulationTests(ITestOutputHelper output)
{
    private const int Threads = 2;

    /// <summary>So many seeds do everything that <see cref="Happening"/> names.</summary>
    private const int EnoughForEverything = 10_000;

    private static readonly string? Seed = Environment.GetEnvironmentVariable("LINK_SIM_SEED");
    private static readonly int Runs = int.Parse(Environment.GetEnvironmentVariable("LINK_SIM_RUNS") ?? (Seed == null ? "10000" : "1"), CultureInfo.InvariantCulture);

    [Fact]
    public void Every_seed_keeps_every_invariant_and_together_they_do_everything()
    {
        ulong first = Seed == null ? 1 : ulong.Parse(Seed, CultureInfo.InvariantCulture);
        var happenings = new long[Enum.GetValues<Happening>().Length];
        var longest = new SortedDictionary<string, (double Part, ulong Seed)>(StringComparer.Ordinal);
        var failed = new SortedDictionary<ulong, string>();
        int next = 0;
        void Work()
        {
            while (true)
            {
                int run = Interlocked.Increment(ref next) - 1;
                if (run >= Runs)
                    return;
                ulong seed = first + (ulong)run;
                var simulation = new Simulation(seed);
                string? fault = Try(simulation);
                lock (happenings)
                {
                    if (fault != null)
                        failed[seed] = fault;
                    for (int i = 0; i < happenings.Length; i++)
                        happenings[i] += simulation.Happenings[i];
                    foreach ((string what, double part) in simulation.Invariants.Longest)
                    {
                        if (!longest.TryGetValue(what, out (double Part, ulong) most) || part > most.Part)
                            longest[what] = (part, seed);
                    }
                }
            }
        }

        Thread[] threads = [.. Enumerable.Range(0, Threads).Select(_ => new Thread(Work))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();

        foreach ((string what, (double part, ulong seed)) in longest)
            output.WriteLine($"{what}: at most {part:P0} of its bound (seed {seed})");
        output.WriteLine(string.Join(", ", Enum.GetValues<Happening>().Select(happening => $"{happening}={happenings[(int)happening]}")));
        if (Seed != null && Runs == 1)
            output.WriteLine(Rerun(first, Mutation.None).Trace);
        Assert.True(failed.Count == 0, Report(failed));
        if (Runs < EnoughForEverything)
            return;
        Assert.DoesNotContain(Enum.GetValues<Happening>(), happening => happenings[(int)happening] == 0);
    }

    [Fact]
    public void The_same_seed_runs_the_same_way()
    {
        for (ulong seed = 1; seed <= 20; seed++)
        {
            var one = new Simulation(seed, trace: true);
            var other = new Simulation(seed, trace: true);
            Try(one);
            Try(other);
            Assert.Equal(one.Hash, other.Hash);
            Assert.Equal(one.Trace(), other.Trace());
        }
    }

    [Theory]
    [InlineData(nameof(Mutation.LateDeactivate))]
    [InlineData(nameof(Mutation.DeafToRivals))]
    [InlineData(nameof(Mutation.LeaseGoneIgnored))]
    [InlineData(nameof(Mutation.EndlessLifetimes))]
    [InlineData(nameof(Mutation.BlindToLocks))]
    [InlineData(nameof(Mutation.NoExtend))]
    [InlineData(nameof(Mutation.RenewalsUnheard))]
    [InlineData(nameof(Mutation.LateTimers))]
    [InlineData(nameof(Mutation.SharesLease))]
    [InlineData(nameof(Mutation.AnswersUnheard))]
    [InlineData(nameof(Mutation.ObeysKeys))]
    [InlineData(nameof(Mutation.WritesBackAtOnce))]
    public void A_fault_put_in_on_purpose_is_found(string mutation)
    {
        const ulong MostSeeds = 2_000;
        var which = Enum.Parse<Mutation>(mutation);
        for (ulong seed = 1; seed <= MostSeeds; seed++)
        {
            if (Try(new Simulation(seed, which)) is not { } fault)
                continue;
            output.WriteLine($"seed {seed}: {fault}");
            return;
        }

        Assert.Fail($"{MostSeeds} seeds did not notice {mutation}");
    }

    private static string? Try(Simulation simulation)
    {
        try
        {
            simulation.Run();
            return null;
        }
        catch (Violation violation)
        {
            return violation.Message;
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            return e.ToString();
        }
    }

    private static (string? Fault, string Trace) Rerun(ulong seed, Mutation mutation)
    {
        var simulation = new Simulation(seed, mutation, trace: true);
        return (Try(simulation), simulation.Trace());
    }

    private static string Report(SortedDictionary<ulong, string> failed)
    {
        const int Shown = 25;
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"{failed.Count} seeds failed.");
        foreach (IGrouping<string, string> kind in failed.Values.GroupBy(fault => fault.Split(':')[0]))
            text.AppendLine(CultureInfo.InvariantCulture, $"  {kind.Count(),5} {kind.Key}");
        foreach ((ulong seed, string fault) in failed.Take(Shown))
            text.AppendLine(CultureInfo.InvariantCulture, $"  LINK_SIM_SEED={seed}: {fault}");
        if (failed.Count > 0 && Runs > 1)
            text.AppendLine(Rerun(failed.Keys.First(), Mutation.None).Trace);
        return text.ToString();
    }
}
