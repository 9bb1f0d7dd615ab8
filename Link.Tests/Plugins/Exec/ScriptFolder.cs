using System.Runtime.Versioning;
using Link.Tests.Bed;

namespace Link.Tests.Plugins.Exec;

/// <summary>A directory that only root can write, for programs, and what they write.</summary>
[SupportedOSPlatform("linux")]
public sealed class ScriptFolder : IDisposable
{
    private const UnixFileMode ForAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private readonly List<int> _pids = [];

    public ScriptFolder()
    {
        Path = Directory.CreateDirectory($"/usr/local/lib/link-test-{Guid.NewGuid():N}", ForAll).FullName;
        File.SetUnixFileMode(Path, ForAll);
    }

    internal string Path { get; }

    internal string this[string name] => System.IO.Path.Combine(Path, name);

    /// <param name="body">Of a script for sh; $here is this folder.</param>
    internal string Script(string name, string body) => Program(name, $"#!/bin/sh\nhere={Path}\n{body}\n");

    internal string Program(string name, string text)
    {
        File.WriteAllText(this[name], text);
        File.SetUnixFileMode(this[name], ForAll);
        return this[name];
    }

    /// <summary>Waits until a program has written a file, by a rename or in one piece.</summary>
    internal async Task<string> ReadAsync(string name)
    {
        string text = "";
        await Wait.UntilAsync(name, () => File.Exists(this[name]) && (text = File.ReadAllText(this[name])).EndsWith('\n'), TimeSpan.FromSeconds(30));
        return text.TrimEnd('\n');
    }

    /// <summary>A process that a program wrote down. It is ended with this folder, should it still run.</summary>
    internal async Task<int> PidAsync(string name)
    {
        int pid = int.Parse(await ReadAsync(name), System.Globalization.CultureInfo.InvariantCulture);
        _pids.Add(pid);
        return pid;
    }

    /// <summary>False also for a process that has ended and is not reaped.</summary>
    internal static bool Runs(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            return stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        // Of a test that failed. The number may be another's by now, the environment is not.
        foreach (int pid in _pids.Where(pid => Runs(pid) && File.ReadAllText($"/proc/{pid}/environ").Contains("LINK_PLUGIN=exec", StringComparison.Ordinal)))
        {
            _ = LibC.kill(-pid, LibC.SIGKILL);
            _ = LibC.kill(pid, LibC.SIGKILL);
        }

        Directory.Delete(Path, recursive: true);
    }
}
