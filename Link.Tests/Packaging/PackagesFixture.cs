using System.Text.RegularExpressions;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.Packaging;

/// <summary>The packages, built once for the tests of this folder, and a minimal Debian made of this machine's package source.</summary>
public sealed class PackagesFixture : IAsyncLifetime
{
    private static readonly TimeSpan BuildDeadline = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan BootstrapDeadline = TimeSpan.FromMinutes(20);

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"link-packages-{Environment.ProcessId}");
    private readonly Lazy<Task<string>> _fresh;
    private readonly Lazy<Task<string>> _root;
    private readonly Lazy<Task<string>> _rootWithRpm;
    private readonly Lazy<Task<string>> _newerRpm;
    private readonly Lazy<Task> _built;

    public PackagesFixture()
    {
        _fresh = new Lazy<Task<string>>(BootstrapAsync);
        _root = new Lazy<Task<string>>(() => CopyAsync("root"));
        _rootWithRpm = new Lazy<Task<string>>(AddRpmAsync);
        _newerRpm = new Lazy<Task<string>>(BuildNewerRpmAsync);
        _built = new Lazy<Task>(() => BuildAsync(_folder));
    }

    internal const string NewerRpm = "9.1.0";

    internal string Deb => Path.Combine(_folder, $"link_{Version}-1_amd64.deb");

    internal string Rpm => Path.Combine(_folder, $"link-{Version}-1.x86_64.rpm");

    internal string Version { get; } = Regex.Match(File.ReadAllText(Path.Combine(Programs.Root, "CHANGELOG.md")), @"^## (\d[\d.]*)", RegexOptions.Multiline).Groups[1].Value;

    internal Task BuiltAsync() => _built.Value;

    /// <summary>Runs scripts/package for the published executable.</summary>
    /// <param name="sources">What has the script; null: the project.</param>
    internal static async Task BuildAsync(string folder, string? sources = null, params string[] arguments)
    {
        var environment = new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["LINK_EXECUTABLE"] = Programs.Link };
        var script = Path.Combine(sources ?? Programs.Root, "scripts", "package");
        var (code, output, error) = await Tool.TryAsync(script, [folder, .. arguments], environment: environment, patience: BuildDeadline);
        Assert.True(code == 0, output + error);
    }

    /// <summary>An RPM of version <see cref="NewerRpm"/>, built as the other one, whose example of a configuration has changed.</summary>
    internal Task<string> NewerRpmAsync() => _newerRpm.Value;

    /// <summary>The same package with another version, uncompressed because that is quicker.</summary>
    /// <param name="change">What else is different in it; gets the folder of its files.</param>
    internal async Task<string> RepackAsync(string version, Action<string>? change = null)
    {
        await BuiltAsync();
        var tree = Path.Combine(_folder, $"tree-{version}");
        await Tool.RunAsync("dpkg-deb", ["--raw-extract", Deb, tree]);
        var control = Path.Combine(tree, "DEBIAN", "control");
        await File.WriteAllTextAsync(control, (await File.ReadAllTextAsync(control)).Replace($"Version: {Version}-1\n", $"Version: {version}-1\n", StringComparison.Ordinal));
        change?.Invoke(tree);
        var package = Path.Combine(_folder, $"link_{version}-1_amd64.deb");
        await Tool.RunAsync("dpkg-deb", ["--root-owner-group", "-Znone", "--build", tree, package]);
        return package;
    }

    /// <summary>As <see cref="RootAsync"/>, another one, with rpm and what that depends on.</summary>
    /// <exception cref="InvalidOperationException">It could not be had.</exception>
    internal Task<string> RootWithRpmAsync() => _rootWithRpm.Value;

    /// <summary>A fresh minimal Debian with systemd and what the package depends on, nothing else.</summary>
    /// <exception cref="InvalidOperationException">It could not be had; with debootstrap's words.</exception>
    internal Task<string> RootAsync() => _root.Value;

    public ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(_folder);
        return ValueTask.CompletedTask;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var task in new[] { _fresh, _root, _rootWithRpm, _newerRpm }.Where(static lazy => lazy.IsValueCreated).Select(static lazy => (Task)lazy.Value).Append(_built.IsValueCreated ? _built.Value : Task.CompletedTask))
            await task.ContinueWith(static _ => { }, TaskScheduler.Default);
        // Not by .NET, which would follow what is mounted.
        await Tool.TryAsync("rm", ["-rf", "--one-file-system", _folder], patience: BootstrapDeadline);
    }

    /// <summary>Where apt on this machine gets this machine's own release from.</summary>
    private static async Task<(string Mirror, string Suite)> SourceAsync()
    {
        var release = await Tool.RunAsync("sh", ["-c", ". /etc/os-release && echo $VERSION_CODENAME"]);
        var targets = await Tool.RunAsync("apt-get", ["indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"]);
        var mirror = targets.Split('\n').Select(line => line.Split(' ')).FirstOrDefault(words => words is [var codename, "main", _] && codename == release.Trim())?[2];
        return mirror is null ? throw new InvalidOperationException($"apt has no source of {release.Trim()}: {targets}") : (mirror, release.Trim());
    }

    private async Task<string> BuildNewerRpmAsync()
    {
        var sources = Path.Combine(_folder, "newer");
        Directory.CreateDirectory(sources);
        await Tool.RunAsync("cp", ["-r", .. new[] { "scripts", "packaging", "docs", "CHANGELOG.md", "LICENSE" }.Select(static name => Path.Combine(Programs.Root, name)), sources]);
        await File.AppendAllTextAsync(Path.Combine(sources, "packaging", "systemd", "link.env.example"), "# new example\n");
        await BuildAsync(_folder, sources, "--version", NewerRpm);
        return Path.Combine(_folder, $"link-{NewerRpm}-1.x86_64.rpm");
    }

    /// <summary>Of what no test has used yet.</summary>
    private async Task<string> CopyAsync(string name)
    {
        var root = Path.Combine(_folder, name);
        await Tool.RunAsync("cp", ["-a", await _fresh.Value, root], patience: BootstrapDeadline);
        return root;
    }

    private async Task<string> AddRpmAsync()
    {
        var root = await CopyAsync("root-rpm");
        // By this machine's apt, which knows the way to its source; the archives go into a folder of their own.
        Directory.CreateDirectory(Path.Combine(root, "debs", "partial"));
        await Tool.RunAsync("apt-get",
        [
            "-o", $"Dir::State::Status={root}/var/lib/dpkg/status", "-o", $"Dir::Cache::Archives={root}/debs", "-o", "APT::Sandbox::User=root",
            "--no-install-recommends", "-y", "--download-only", "install", "rpm",
        ], patience: BootstrapDeadline);
        await Tool.RunAsync("chroot", [root, "/bin/sh", "-ec", "PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive dpkg -i /debs/*.deb && rm -r /debs"], patience: BootstrapDeadline);
        return root;
    }

    private async Task<string> BootstrapAsync()
    {
        var (mirror, suite) = await SourceAsync();
        var root = Path.Combine(_folder, "fresh");
        var (code, output, error) = await Tool.TryAsync(
            "debootstrap", ["--variant=minbase", "--include=systemd-sysv,ca-certificates,libssl3,iproute2", suite, root, mirror], patience: BootstrapDeadline);
        return code == 0 ? root : throw new InvalidOperationException($"debootstrap {suite} {mirror}: {string.Join('\n', (output + error).Split('\n').TakeLast(10))}");
    }
}

[CollectionDefinition(Name)]
public sealed class PackagesCollection : ICollectionFixture<PackagesFixture>
{
    public const string Name = "packages";
}
