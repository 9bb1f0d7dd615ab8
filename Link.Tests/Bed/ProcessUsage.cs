namespace Link.Tests.Bed;

/// <param name="CpuNanoseconds">User and system time of all threads, those that have ended included.</param>
/// <param name="ResidentMiB">Resident memory now.</param>
/// <param name="PeakMiB">Its highest value so far.</param>
internal readonly record struct ProcessUsage(long CpuNanoseconds, double ResidentMiB, double PeakMiB, int Threads);
