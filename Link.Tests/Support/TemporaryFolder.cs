namespace Link.Tests.Support;

/// <summary>A folder for one test, gone with it.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("link-test-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file, for its owner only unless the mode says otherwise; gives its path.</summary>
    public string Write(string name, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        var path = File(name);
        System.IO.File.WriteAllText(path, text);
        SetMode(path, mode);
        return path;
    }

    /// <summary>Lets everybody do everything with a file or a folder.</summary>
    public static void OpenToAll(string path) => SetMode(path, (UnixFileMode)0b111_111_111);

    private static void SetMode(string path, UnixFileMode mode)
    {
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(path, mode);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
