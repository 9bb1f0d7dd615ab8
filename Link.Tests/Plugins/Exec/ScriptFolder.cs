using System.Diagnostics;
using System.Runtime.Versioning;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.Plugins.Exec;

/// <summary>A directory that only root can write, for programs, and what they write.</summary>
[SupportedOSPlatform("linux")]
public sealed class ScriptFolder : IDisposable
{
    private const UnixFileMode ForAll = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
        | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

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
        // Written by another process: one that is forked here meanwhile would have the file open for a moment, and what is open for writing is not run.
        using var install = Process.Start(new ProcessStartInfo(Programs.Find("install"), ["-m", "755", "/dev/stdin", this[name]]) { RedirectStandardInput = true })!;
        install.StandardInput.Write(text);
        install.StandardInput.Close();
        install.WaitForExit();
        Assert.Equal(0, install.ExitCode);
        return this[name];
    }

    /// <summary>Waits until a program has written a file, by a rename or in one piece.</summary>
    internal async Task<string> ReadAsync(string name)
    {
        string text = "";
        await Wait.UntilAsync(name, () => File.Exists(this[name]) && (text = File.ReadAllText(this[name])).EndsWith('\n'), Patience);
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
    /// <summary>Waits until a process that was told to end, or killed, is gone.</summary>
    internal static Task EndedAsync(int pid) => Wait.UntilAsync($"end of process {pid}", () => !Runs(pid), Patience);

    internal static bool Runs(int pid) => Read(pid, "stat") is { Length: > 0 } stat && stat[stat.LastIndexOf(')') + 2] is not ('Z' or 'X');

    /// <returns>Empty: the process is gone.</returns>
    private static string Read(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/{file}");
        }
        catch (Exception gone) when (gone is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    public void Dispose()
    {
        // Of a test that failed. The number may be another's by now, the environment is not.
        foreach (int pid in _pids.Where(pid => Read(pid, "environ").Contains("LINK_PLUGIN=exec", StringComparison.Ordinal)))
        {
            _ = LibC.kill(-pid, LibC.SIGKILL);
            _ = LibC.kill(pid, LibC.SIGKILL);
        }

        Directory.Delete(Path, recursive: true);
    }
}
