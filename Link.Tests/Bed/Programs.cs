namespace Link.Tests.Bed;

/// <summary>Where the programs are that a bed starts.</summary>
internal static class Programs
{
    /// <summary>The project's root folder.</summary>
    internal static string Root { get; } = FindRoot();

    /// <summary>The published executable: LINK_EXECUTABLE, or <c>out/link</c>.</summary>
    internal static string Link => Existing(
        Environment.GetEnvironmentVariable("LINK_EXECUTABLE") is { Length: > 0 } path ? Path.GetFullPath(path) : Path.Combine(Root, "out", "link"));

    /// <summary>The client: the same executable by its other name.</summary>
    internal static string LinkClient => Existing(Path.Combine(Path.GetDirectoryName(Link)!, "link-client"));

    /// <summary>Absolute path of an installed program.</summary>
    internal static string Find(string name) => TryFind(name) ?? throw new InvalidOperationException($"{name} is not installed");

    internal static string? TryFind(string name) =>
        $"{Environment.GetEnvironmentVariable("PATH")}:/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin".Split(':')
            .Where(folder => folder.Length > 0)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);

    private static string Existing(string path) =>
        File.Exists(path) ? path : throw new FileNotFoundException($"{path} is not there: run scripts/publish, or set LINK_EXECUTABLE", path);

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "link.sln")))
                return folder.FullName;
        }
        return Environment.CurrentDirectory;
    }
}
