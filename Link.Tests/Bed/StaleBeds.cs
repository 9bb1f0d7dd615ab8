using System.Globalization;
using System.Text.RegularExpressions;
using Link.Tests.Support;

namespace Link.Tests.Bed;

/// <summary>Beds whose process was killed before it could take them down. Their names carry its id.</summary>
internal static partial class StaleBeds
{
    internal const string Prefix = "lk";

    private static readonly SemaphoreSlim Gate = new(1, 1);
    private static bool _done;

    internal static async Task RemoveAsync()
    {
        await Gate.WaitAsync();
        try
        {
            if (_done || !Directory.Exists(NetworkNamespace.Folder))
                return;
            _done = true;
            foreach (var name in Directory.GetFiles(NetworkNamespace.Folder).Select(Path.GetFileName))
            {
                var match = BedName().Match(name!);
                if (match.Success && !Directory.Exists($"/proc/{match.Groups["pid"].Value}"))
                    await RemoveNamespaceAsync(name!);
            }
            foreach (var folder in new[] { Path.GetTempPath(), MemoryFolder.Path }.Where(Directory.Exists).SelectMany(parent => Directory.GetDirectories(parent, Prefix + "*")))
            {
                var match = BedName().Match(Path.GetFileName(folder) + "-");
                if (match.Success && !Directory.Exists($"/proc/{match.Groups["pid"].Value}"))
                    RemoveFolder(folder);
            }
        }
        finally
        {
            Gate.Release();
        }
    }

    /// <summary>Ends what runs in a namespace, and deletes it.</summary>
    internal static async Task RemoveNamespaceAsync(string name)
    {
        var (_, output, _) = await Tool.TryAsync("ip", ["netns", "pids", name]);
        foreach (var pid in output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            _ = LibC.kill(int.Parse(pid, CultureInfo.InvariantCulture), LibC.SIGKILL);
        await Tool.TryAsync("ip", ["netns", "del", name]);
    }

    private static void RemoveFolder(string folder)
    {
        try
        {
            Directory.Delete(folder, recursive: true);
        }
        catch (IOException)
        {
            // A process that was just killed still wrote to it; the next bed tries again.
        }
    }

    [GeneratedRegex(@"^lk(?<pid>\d+)x\d+-")]
    private static partial Regex BedName();
}
