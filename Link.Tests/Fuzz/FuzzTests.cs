using System.Globalization;
using Link.Tests.Simulation;
using Xunit;

namespace Link.Tests.Fuzz;

/// <summary>
/// Each target reads inputs that are made from what is known, changed. <c>LINK_FUZZ_SEED</c> begins with that one instead of the first, and
/// <c>LINK_FUZZ_INPUTS</c> sets how many each target reads.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    private static readonly ulong s_seed = ulong.Parse(Environment.GetEnvironmentVariable("LINK_FUZZ_SEED") ?? "1", CultureInfo.InvariantCulture);
    private static readonly string? s_inputs = Environment.GetEnvironmentVariable("LINK_FUZZ_INPUTS");

    public static TheoryData<string> Targets => [.. FuzzTargets.All.Select(static target => target.Name)];

    public static TheoryData<string, string> Growths => [.. FuzzTargets.All.SelectMany(static target => target.Growths.Select(growth => (target.Name, growth.Name)))];

    [Theory]
    [MemberData(nameof(Targets))]
    public void Nothing_that_others_send_ends_otherwise_than_in_a_refusal(string name)
    {
        FuzzTarget target = Find(name);
        long inputs = s_inputs is null ? target.InputsInTest : long.Parse(s_inputs, CultureInfo.InvariantCulture);
        var run = new FuzzRun(target, s_seed, inputs);
        FuzzFind? find = run.Run();
        Assert.True(find is null, find?.ToString());
        Assert.Equal(inputs, run.Done);
        output.WriteLine($"{inputs} inputs");
    }

    [Theory]
    [MemberData(nameof(Growths))]
    public void Eight_times_the_input_takes_eight_times_the_memory(string name, string growth)
    {
        const int Size = 16 * 1024;
        FuzzTarget target = Find(name);
        FuzzGrowth family = target.Growths.Single(one => one.Name == growth);
        long[] allocated = new long[3];
        for (int i = 0; i < allocated.Length; i++)
        {
            byte[] input = family.Make(Size << (i == 2 ? 3 : i));
            Assert.Null(FuzzRun.Judge(target, input));
            Assert.Null(FuzzRun.Measure(target, input, out allocated[i]));
        }

        // Work that allocates nothing shows in an input that is not done with after a minute.
        FuzzFind? find = new FuzzRun(target with { Make = _ => family.Make(64 * Size) }, 1, 1).Run();
        Assert.True(find is null, find?.ToString());

        output.WriteLine($"{allocated[0]}, {allocated[1]}, {allocated[2]} bytes for {Size}, {2 * Size}, {8 * Size}");

        // What is set up once counts as well, so that the bounds are of the growth: it is not more than in proportion, half as much again for buffers that double.
        Assert.InRange(allocated[1], 0, target.MostAtAll + 3 * allocated[0]);
        Assert.InRange(allocated[2], 0, target.MostAtAll + 12 * allocated[0]);
    }

    [Fact]
    public void The_same_seed_makes_the_same_input()
    {
        foreach (FuzzTarget target in FuzzTargets.All)
        {
            for (ulong seed = 1; seed <= 50; seed++)
                Assert.Equal(target.Make(new SimRandom(seed)), target.Make(new SimRandom(seed)));
        }
    }

    [Theory]
    [InlineData("throws", "NotSupportedException")]
    [InlineData("allocates", "allocates")]
    public void A_fault_put_in_on_purpose_is_found_and_its_input_made_short(string fault, string what)
    {
        var target = new FuzzTarget("planted", static random => [.. Enumerable.Range(0, 100).Select(_ => (byte)random.Next())], input =>
        {
            if (!input.Contains((byte)7))
                return;
            if (fault == "throws")
                throw new NotSupportedException("7");
            _ = new byte[1_000_000];
        });
        FuzzFind? find = new FuzzRun(target, 1, 10_000).Run();
        Assert.NotNull(find);
        Assert.Contains(what, find.What, StringComparison.Ordinal);
        Assert.Equal([7], find.Input);
        Assert.Contains($"LINK_FUZZ_SEED={find.Seed} ", find.ToString(), StringComparison.Ordinal);
        Assert.Contains((byte)7, target.Make(new SimRandom(find.Seed)));
        Assert.NotNull(new FuzzRun(target, find.Seed, 1).Run());
    }

    [Fact]
    public void A_documented_refusal_is_none()
    {
        var target = new FuzzTarget("planted", static _ => [1], static _ => throw new FormatException()) { Refusals = [typeof(FormatException)] };
        Assert.Null(new FuzzRun(target, 1, 10).Run());
    }

    private static FuzzTarget Find(string name) => FuzzTargets.All.Single(target => target.Name == name);
}
