using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

/// <summary>One bed for all tests of a class; built by the first one.</summary>
public abstract class BedFixture : IAsyncLifetime
{
    private TestBed? _bed;

    internal abstract BedOptions Options { get; }

    internal async Task<TestBed> GetAsync()
    {
        Assert.SkipWhen(TestBed.Unavailable is not null, TestBed.Unavailable ?? "");
        return _bed ??= await TestBed.StartAsync(Options with { EtcdInMemory = true });
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_bed is not null)
            await _bed.DisposeAsync();
        GC.SuppressFinalize(this);
    }
}

/// <summary>Three hosts, one etcd member, the agent's defaults.</summary>
public sealed class DefaultBed : BedFixture
{
    internal override BedOptions Options => new();
}

/// <summary>The same with a lease of three seconds, for tests that wait for its end.</summary>
public sealed class ShortLeaseBed : BedFixture
{
    internal override BedOptions Options => new() { AgentEnvironment = BedOptions.ShortLease };
}

/// <summary>The same with a lease of ten seconds, for tests of what must not move.</summary>
public sealed class ModerateLeaseBed : BedFixture
{
    internal override BedOptions Options => new() { AgentEnvironment = BedOptions.ModerateLease };
}

/// <summary>A short lease, and an etcd of three members.</summary>
public sealed class ClusterBed : BedFixture
{
    internal override BedOptions Options => new() { EtcdMembers = 3, AgentEnvironment = BedOptions.ShortLease };
}

/// <summary>One host.</summary>
public sealed class LoneBed : BedFixture
{
    internal override BedOptions Options => new() { Hosts = 1 };
}
