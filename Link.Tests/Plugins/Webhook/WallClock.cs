namespace Link.Tests.Plugins.Webhook;

/// <summary>A clock whose date the test sets; time spans are real.</summary>
internal sealed class WallClock : TimeProvider
{
    public DateTimeOffset Now { get; set; } = DateTimeOffset.FromUnixTimeSeconds(1_767_323_045);

    public override DateTimeOffset GetUtcNow() => Now;
}
