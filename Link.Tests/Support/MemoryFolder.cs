namespace Link.Tests.Support;

/// <summary>Where etcd's data of tests lie: in memory, so that no write waits behind those of a package manager; a container's 64 MiB are too few for it.</summary>
internal static class MemoryFolder
{
    internal const string Path = "/dev/shm";

    /// <summary>Every member takes 64 MiB for its log at once.</summary>
    private const long Least = 4L << 30;

    internal static string PathOrTemporary { get; } = Directory.Exists(Path) && new DriveInfo(Path).AvailableFreeSpace >= Least ? Path : System.IO.Path.GetTempPath();
}
