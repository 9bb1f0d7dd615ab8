using System.Globalization;
using Link.Tests.Bed;

namespace Link.Tests.Packaging;

/// <summary>A Debian with systemd as its first process, in a container: its own processes, mounts, cgroups and the network of a bed's host.</summary>
internal sealed class Machine : IAsyncDisposable
{
    /// <summary>$1: the root; $2: cgroup2's folder for this machine.</summary>
    private const string Boot = """
        set -e
        echo $$ >"$2/cgroup.procs"
        exec unshare --pid --fork --mount --uts --ipc --cgroup --propagation private sh -ec '
            mount --bind "$1" "$1"
            cd "$1"
            mount -t proc proc proc
            mount -t sysfs -o ro sysfs sys
            mount -t cgroup2 cgroup2 sys/fs/cgroup
            mount -t tmpfs -o mode=755 tmpfs run
            mount -t tmpfs tmpfs tmp
            mount -t tmpfs -o mode=755 tmpfs dev
            for device in null zero full random urandom tty; do
                : >dev/$device
                mount --bind /dev/$device dev/$device
            done
            mkdir dev/pts dev/shm
            mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
            ln -s pts/ptmx dev/ptmx
            pivot_root . mnt
            exec chroot . sh -c "umount -l /mnt; exec env -i container=link PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=multi-user.target"
        ' sh "$1"
        """;

    private static readonly TimeSpan BootDeadline = TimeSpan.FromSeconds(120);

    private readonly ChildProcess _unshare;
    private readonly string _cgroup;
    private int _init;

    private Machine(ChildProcess unshare, string cgroup) => (_unshare, _cgroup) = (unshare, cgroup);

    /// <summary>Boots.</summary>
    /// <returns>Null: systemd does not boot in a container here; the second value says why.</returns>
    internal static async Task<(Machine? Machine, string Trouble)> TryStartAsync(string root, NetworkNamespace network, string log)
    {
        var cgroups = File.ReadLines("/proc/self/mounts").Select(line => line.Split(' ')).FirstOrDefault(words => words[2] == "cgroup2")?[1];
        if (cgroups is null)
            return (null, "there is no cgroup2");
        await Tool.RunAsync("ln", ["-sf", "/dev/null", Path.Combine(root, "etc/systemd/system/console-getty.service")]);
        var cgroup = Path.Combine(cgroups, $"link-test-{Environment.ProcessId}");
        Directory.CreateDirectory(cgroup);
        var environment = new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin" };
        var machine = new Machine(ChildProcess.Start(network, "/bin/sh", ["-c", Boot, "sh", root, cgroup], environment, log), cgroup);
        try
        {
            await Wait.UntilAsync("systemd", async () => !machine._unshare.Runs || await machine.IsBootedAsync(), BootDeadline);
            if (machine._unshare.Runs)
                return (machine, "");
        }
        catch (TimeoutException)
        {
            // What it wrote tells why.
        }

        await machine.DisposeAsync();
        return (null, $"systemd does not boot in a container: {await File.ReadAllTextAsync(log)}");
    }

    /// <summary>A command line of its shell, with what it printed.</summary>
    internal async Task<(int Code, string Text)> TryAsync(string script)
    {
        var environment = new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["DEBIAN_FRONTEND"] = "noninteractive", ["LC_ALL"] = "C" };
        var (code, output, error) = await Tool.TryAsync(
            Programs.Find("nsenter"), [$"--target={_init}", "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--net", "--root", "--wd", "--", "/bin/sh", "-c", script],
            environment: environment, patience: TimeSpan.FromMinutes(5));
        return (code, output + error);
    }

    /// <exception cref="InvalidOperationException">It ended with another code than 0.</exception>
    internal async Task<string> RunAsync(string script)
    {
        var (code, text) = await TryAsync(script);
        return code == 0 ? text.Trim() : throw new InvalidOperationException($"{script}: exit code {code}: {text}");
    }

    public async ValueTask DisposeAsync()
    {
        // With its first process the kernel ends all the others.
        if (_init == 0)
            _init = Child();
        if (_init != 0)
            _ = LibC.kill(_init, LibC.SIGKILL);
        else
            _unshare.Kill();
        await _unshare.WaitForExitAsync(BootDeadline);
        await Wait.UntilAsync("end of the cgroups", RemoveCgroups, BootDeadline);
    }

    private async Task<bool> IsBootedAsync()
    {
        _init = Child();
        // Until it has changed its root, the shell would be this machine's.
        if (_init == 0 || (await File.ReadAllTextAsync($"/proc/{_init}/comm")).Trim() != "systemd")
            return false;
        var (_, text) = await TryAsync("systemctl is-system-running");
        return text.Trim() is "running" or "degraded";
    }

    /// <returns>The only child of unshare: the first process of the machine; 0: not there yet.</returns>
    private int Child()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc").Where(folder => char.IsAsciiDigit(Path.GetFileName(folder)[0])))
        {
            try
            {
                // pid (comm) state ppid ...
                var stat = File.ReadAllText(Path.Combine(folder, "stat"));
                if (stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1] == _unshare.Pid.ToString(CultureInfo.InvariantCulture))
                    return int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture);
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return 0;
    }

    private bool RemoveCgroups()
    {
        if (!Directory.Exists(_cgroup))
            return true;
        foreach (var folder in Directory.GetDirectories(_cgroup, "*", SearchOption.AllDirectories).OrderByDescending(path => path.Length).Append(_cgroup))
        {
            try
            {
                Directory.Delete(folder);
            }
            catch (IOException)
            {
                // Its processes are still ending.
                return false;
            }
        }

        return true;
    }
}
