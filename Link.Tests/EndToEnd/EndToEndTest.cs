using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>A test of the published executable on a bed. When it fails, its output ends with the agents' logs.</summary>
public abstract class EndToEndTest(BedFixture fixture, ITestOutputHelper output) : IAsyncLifetime
{
    /// <summary>How long anything may take before a test gives up. Never a measure of quality: that is the benchmark's business.</summary>
    internal static TimeSpan Patience { get; } = TimeSpan.FromSeconds(60);

    internal TestBed Bed { get; private set; } = null!;

    internal Scenarios Scenarios { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Bed = await fixture.GetAsync();
        Scenarios = new Scenarios(Bed, Patience);
    }

    public virtual ValueTask DisposeAsync()
    {
        if (Bed is not null && TestContext.Current.TestState?.Result == TestResult.Failed)
            output.WriteLine(Bed.Logs());
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }

    /// <summary>Writes it down, for whoever wonders why the test failed.</summary>
    internal Measurement Show(Measurement measurement)
    {
        Show(measurement.ToString());
        return measurement;
    }

    internal void Show(string text) => output.WriteLine(text);

    /// <summary>Exactly one host has the address, and it is not the one that had it before.</summary>
    internal static void AssertMoved(Measurement measurement)
    {
        var holder = Assert.Single(measurement.Holders);
        Assert.NotEqual(measurement.Before.Holder, holder);
    }

    /// <summary>The holder is the same and never was another.</summary>
    internal static void AssertKept(Measurement measurement)
    {
        Assert.Equal([measurement.Before.Holder], measurement.Holders);
        Assert.Equal(0, measurement.Outcome.Moves);
        Assert.Equal(0, measurement.Outcome.Nobody);
        Assert.Equal(0, measurement.Outcome.Lost);
    }

    internal static Task WaitForStateAsync(AgentHost host, string id, string state) =>
        Wait.UntilAsync($"{state} on {host}", async () => await host.Api.StateAsync(id) == state, Patience);

    internal static Dictionary<string, string> With(string name, string value) => new() { [name] = value };
}
