using System.Globalization;
using Link.Core.Net.Linux;

namespace Link.Core.Agent;

/// <summary>Names this process among all that ever ran, and tells whether another one that ran on this machine has ended.</summary>
/// <param name="Instance">Unique.</param>
/// <param name="Process"><c>boot id/pid namespace/pid/start time</c>: enough to say on the same machine, and only there, that a process is gone.</param>
internal sealed record ProcessIdentity(string Instance, string? Process)
{
    public static ProcessIdentity Current()
    {
        string? process = Describe(Environment.ProcessId);
        return new ProcessIdentity(Guid.NewGuid().ToString(), process);
    }

    /// <summary>True only when it is certain that the process has ended.</summary>
    public static bool IsGone(string? process)
    {
        string[] parts = process?.Split('/') ?? [];
        if (parts.Length != 4 || !int.TryParse(parts[2], CultureInfo.InvariantCulture, out int pid))
            return false;
        string? here = Scope();
        if (here == null || here != $"{parts[0]}/{parts[1]}")
            return false;
        if (Directory.Exists($"/proc/{pid}"))
            return StartTime(pid) is { } start && start != parts[3];
        // A process of another user may be hidden (hidepid); a signal that cannot be sent for lack of rights still finds it.
        return !Processes.Exists(pid);
    }

    private static string? Describe(int pid) => Scope() is { } scope && StartTime(pid) is { } start ? $"{scope}/{pid}/{start}" : null;

    private static string? Scope()
    {
        try
        {
            string boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
            string space = new FileInfo("/proc/self/ns/pid").LinkTarget ?? "";
            return $"{boot}/{space}";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Field 22 of /proc/pid/stat (proc(5)): clock ticks after boot.</summary>
    private static string? StartTime(int pid)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{pid}/stat");
            string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields.Length > 19 ? fields[19] : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
