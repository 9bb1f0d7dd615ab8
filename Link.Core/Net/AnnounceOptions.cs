namespace Link.Core.Net;

/// <summary>How often the network is told where an address is.</summary>
internal sealed record AnnounceOptions
{
    /// <summary>Announcements after activation, and after each doubt. LinK's ARP_GRATUITOUS_COUNT.</summary>
    public int Rounds { get; init; } = 3;

    /// <summary>Milliseconds between them; more than Linux's lock time of one second.</summary>
    public int RoundIntervalMs { get; init; } = 1100;

    /// <summary>Milliseconds between the slow announcements that follow, give or take a quarter; 0 = none.</summary>
    public int RefreshMs { get; init; } = 60_000;

    /// <summary>Frames that an interface may send at once.</summary>
    public int Burst { get; init; } = 200;

    /// <summary>Frames a second that an interface may send in the long run.</summary>
    public int FramesPerSecond { get; init; } = 1000;
}
