using Link.Tests.Bed;

namespace Link.Tests.Packaging;

/// <summary>
/// This machine's own system, to write on: an overlay over its root that is thrown away, without its processes, without its network and with no
/// systemd that runs. Needs nothing from elsewhere.
/// </summary>
internal static class PlainRoot
{
    /// <summary>$1: the script; it runs in the root, with the files of $2 in /packages.</summary>
    private const string Enter = """
        exec unshare --pid --fork --kill-child --mount --net --propagation private sh -ec '
            mount -t tmpfs tmpfs /mnt
            mkdir /mnt/upper /mnt/work /mnt/root
            mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work overlay /mnt/root
            cd /mnt/root
            mount -t proc proc proc
            mount --bind /dev dev
            mount -t tmpfs tmpfs run
            mkdir packages
            mount --bind "$2" packages
            exec chroot . /bin/sh -exc "$1" 2>&1
        ' sh "$1" "$2"
        """;

    /// <summary>Runs a script that ends at its first command which fails, and tells every command before it runs.</summary>
    internal static async Task<(int Code, string Text)> RunAsync(string script, string packages)
    {
        var environment = new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["DEBIAN_FRONTEND"] = "noninteractive", ["LC_ALL"] = "C" };
        var (code, output, error) = await Tool.TryAsync("/bin/sh", ["-c", Enter, "sh", script, packages], environment: environment, patience: TimeSpan.FromMinutes(10));
        return (code, output + error);
    }
}
