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
    private readonly Lazy<Task<string>> _root;
    private readonly Lazy<Task> _built;

    public PackagesFixture()
    {
        _root = new Lazy<Task<string>>(BootstrapAsync);
        _built = new Lazy<Task>(() => BuildAsync(_folder));
    }

    internal string Deb => Path.Combine(_folder, $"link_{Version}-1_amd64.deb");

    internal string Rpm => Path.Combine(_folder, $"link-{Version}-1.x86_64.rpm");

    internal string Version { get; } = Regex.Match(File.ReadAllText(Path.Combine(Programs.Root, "CHANGELOG.md")), @"^## (\d[\d.]*)", RegexOptions.Multiline).Groups[1].Value;

    internal Task BuiltAsync() => _built.Value;

    /// <summary>Runs scripts/package for the published executable.</summary>
    internal static async Task BuildAsync(string folder)
    {
        var environment = new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["LINK_EXECUTABLE"] = Programs.Link };
        var (code, output, error) = await Tool.TryAsync(Path.Combine(Programs.Root, "scripts", "package"), [folder], environment: environment, patience: BuildDeadline);
        Assert.True(code == 0, output + error);
    }

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
        foreach (var task in new[] { _root.IsValueCreated ? _root.Value : Task.CompletedTask, _built.IsValueCreated ? _built.Value : Task.CompletedTask })
            await task.ContinueWith(static _ => { }, TaskScheduler.Default);
        // Not by .NET, which would follow what is mounted.
        await Tool.TryAsync("rm", ["-rf", "--one-file-system", _folder]);
    }

    /// <summary>Where apt on this machine gets this machine's own release from.</summary>
    private static async Task<(string Mirror, string Suite)> SourceAsync()
    {
        var release = await Tool.RunAsync("sh", ["-c", ". /etc/os-release && echo $VERSION_CODENAME"]);
        var targets = await Tool.RunAsync("apt-get", ["indextargets", "--format", "$(CODENAME) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"]);
        var mirror = targets.Split('\n').Select(line => line.Split(' ')).FirstOrDefault(words => words is [var codename, "main", _] && codename == release.Trim())?[2];
        return mirror is null ? throw new InvalidOperationException($"apt has no source of {release.Trim()}: {targets}") : (mirror, release.Trim());
    }

    private async Task<string> BootstrapAsync()
    {
        var (mirror, suite) = await SourceAsync();
        var root = Path.Combine(_folder, "root");
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
