namespace Link.Tests.Api;

/// <summary>The real time, and what a test adds to it.</summary>
internal sealed class TestClock : TimeProvider
{
    private long _addedTicks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => DateTimeOffset.UtcNow.Ticks + Interlocked.Read(ref _addedTicks);

    public override DateTimeOffset GetUtcNow() => DateTimeOffset.UtcNow.AddTicks(Interlocked.Read(ref _addedTicks));

    public void Advance(TimeSpan by) => Interlocked.Add(ref _addedTicks, by.Ticks);
}
