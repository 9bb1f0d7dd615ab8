namespace Link.Tests.Bed;

/// <summary>The prober itself was not scheduled: no request was sent in between.</summary>
internal readonly record struct Stall(long From, long To);
