namespace Link.Tests.Api;

/// <summary>A folder that goes with the test.</summary>
internal sealed class TestFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("link-access-").FullName;

    public string File(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>Writes a file for its owner only; gives its path.</summary>
    public string Write(string name, string text, UnixFileMode mode = UnixFileMode.UserRead | UnixFileMode.UserWrite)
    {
        string path = File(name);
        System.IO.File.WriteAllText(path, text);
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(path, mode);
        return path;
    }

    /// <summary>Lets everybody do everything with a file or a folder.</summary>
    public static void OpenToAll(string path)
    {
        if (!OperatingSystem.IsWindows())
            System.IO.File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
