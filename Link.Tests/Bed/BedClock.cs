using System.Diagnostics;

namespace Link.Tests.Bed;

/// <summary>Nanoseconds of CLOCK_MONOTONIC: one clock for every namespace and for all that the bed writes down.</summary>
internal static class BedClock
{
    internal static long Now => Stopwatch.GetTimestamp();

    internal static double Milliseconds(long nanoseconds) => nanoseconds / 1e6;

    internal static double MillisecondsSince(long start) => Milliseconds(Now - start);

    /// <summary>How far CLOCK_REALTIME, which the kernel stamps packets with, is ahead of this clock.</summary>
    internal static long RealtimeOffset()
    {
        LibC.clock_gettime(LibC.CLOCK_MONOTONIC, out var monotonic);
        LibC.clock_gettime(LibC.CLOCK_REALTIME, out var realtime);
        return realtime.Nanoseconds - monotonic.Nanoseconds;
    }
}
