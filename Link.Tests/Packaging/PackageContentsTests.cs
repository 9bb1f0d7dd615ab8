using System.Security.Cryptography;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.Packaging;

/// <summary>What is in the packages, and what Debian's and RPM's own checkers say.</summary>
[Collection(PackagesCollection.Name)]
public sealed class PackageContentsTests(PackagesFixture packages) : IAsyncLifetime
{
    private const int MaxBytes = 5_000_000;

    private static readonly string[] Common =
    [
        "-rw-r--r-- root root /usr/lib/systemd/system/link-exec.socket",
        "-rw-r--r-- root root /usr/lib/systemd/system/link-exec@.service",
        "-rw-r--r-- root root /usr/lib/systemd/system/link.service",
        "-rw-r--r-- root root /usr/lib/sysusers.d/link.conf",
        "-rw-r--r-- root root /usr/share/bash-completion/completions/link-agent",
        "-rw-r--r-- root root /usr/share/bash-completion/completions/link-client",
        "-rw-r--r-- root root /usr/share/doc/link/operations.md",
        "-rw-r--r-- root root /usr/share/fish/vendor_completions.d/link-agent.fish",
        "-rw-r--r-- root root /usr/share/fish/vendor_completions.d/link-client.fish",
        "-rw-r--r-- root root /usr/share/man/man1/link-client.1.gz",
        "-rw-r--r-- root root /usr/share/man/man5/link.env.5.gz",
        "-rw-r--r-- root root /usr/share/man/man8/link-agent.8.gz",
        "-rwxr-xr-x root root /usr/lib/link/link",
        "lrwxrwxrwx root root /usr/bin/link-agent -> ../lib/link/link",
        "lrwxrwxrwx root root /usr/bin/link-client -> ../lib/link/link",
    ];

    public async ValueTask InitializeAsync() => await packages.BuiltAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact]
    public async Task The_Debian_package_has_these_files_owners_and_modes()
    {
        // -rwxr-xr-x root/root  11240080 2026-11-24 15:05 ./usr/lib/link/link
        var files = (await Tool.RunAsync("dpkg-deb", ["--contents", packages.Deb])).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries))
            .Select(words => $"{words[0]} {words[1].Replace('/', ' ')} {words[5][1..]}").ToList();

        Assert.All(Common, file => Assert.Contains(file, files));
        Assert.Contains("-rw------- root root /etc/link/link.env", files);
        Assert.Contains("-rw-r--r-- root root /usr/share/zsh/vendor-completions/_link-client", files);
        foreach (var name in new[] { "copyright", "changelog.gz", "changelog.Debian.gz" })
            Assert.Contains($"-rw-r--r-- root root /usr/share/doc/link/{name}", files);
        Assert.DoesNotContain(files, file => file.EndsWith(" /usr/bin/link", StringComparison.Ordinal));
        Assert.All(files, file => Assert.Contains(" root root ", file, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_RPM_has_these_files_owners_and_modes()
    {
        var files = (await Tool.RunAsync("rpm", ["-qp", "--qf", "[%{FILEMODES:perms} %{FILEUSERNAME} %{FILEGROUPNAME} %{FILENAMES} -> %{FILELINKTOS}\\n]", packages.Rpm]))
            .Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.EndsWith(" -> ", StringComparison.Ordinal) ? line[..^4] : line).ToList();

        Assert.All(Common, file => Assert.Contains(file, files));
        Assert.Contains("drwxr-x--- root link /etc/link", files);
        Assert.Contains("-rw------- root root /etc/link/link.env", files);
        Assert.Contains("-rw-r--r-- root root /usr/share/zsh/site-functions/_link-client", files);
        Assert.Equal("/etc/link/link.env", (await Tool.RunAsync("rpm", ["-qpc", packages.Rpm])).Trim());
        // config, missing is no fault, noreplace: RPMFILE_CONFIG | RPMFILE_NOREPLACE.
        Assert.Contains("/etc/link/link.env cn", await Tool.RunAsync("rpm", ["-qp", "--qf", "[%{FILENAMES} %{FILEFLAGS:fflags}\\n]", packages.Rpm]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Both_depend_on_what_the_executable_needs_and_loads()
    {
        var deb = await Tool.RunAsync("dpkg-deb", ["--field", packages.Deb, "Depends"]);
        Assert.Contains("libc6 (>= 2.34)", deb, StringComparison.Ordinal);
        Assert.Contains("libssl3t64 | libssl3", deb, StringComparison.Ordinal);
        Assert.Contains("ca-certificates", deb, StringComparison.Ordinal);
        var rpm = await Tool.RunAsync("rpm", ["-qp", "--requires", packages.Rpm]);
        Assert.Contains("libc.so.6(GLIBC_2.34)(64bit)", rpm, StringComparison.Ordinal);
        Assert.Contains("libssl.so.3()(64bit)", rpm, StringComparison.Ordinal);
        Assert.Contains("ca-certificates", rpm, StringComparison.Ordinal);
    }

    [Fact]
    public void Both_are_at_most_five_megabytes()
    {
        Assert.InRange(new FileInfo(packages.Deb).Length, 1, MaxBytes);
        Assert.InRange(new FileInfo(packages.Rpm).Length, 1, MaxBytes);
    }

    [Fact]
    public async Task Built_again_the_packages_are_the_same_to_the_byte()
    {
        var again = Directory.CreateTempSubdirectory("link-again-");
        try
        {
            await PackagesFixture.BuildAsync(again.FullName);
            foreach (var first in new[] { packages.Deb, packages.Rpm })
                Assert.Equal(Sha256(first), Sha256(Path.Combine(again.FullName, Path.GetFileName(first))));
        }
        finally
        {
            again.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task An_executable_for_a_newer_glibc_is_refused()
    {
        var folder = Directory.CreateTempSubdirectory("link-glibc-");
        try
        {
            var newer = Path.Combine(folder.FullName, "link");
            var bytes = await File.ReadAllBytesAsync(Programs.Link, TestContext.Current.CancellationToken);
            var name = bytes.AsSpan().IndexOf("GLIBC_2.34\0"u8);
            "GLIBC_2.39\0"u8.CopyTo(bytes.AsSpan(name));
            await File.WriteAllBytesAsync(newer, bytes, TestContext.Current.CancellationToken);
            await Tool.RunAsync("chmod", ["755", newer]);
            var environment = new Dictionary<string, string> { ["PATH"] = "/usr/sbin:/usr/bin:/sbin:/bin", ["LINK_EXECUTABLE"] = newer };
            var (code, _, error) = await Tool.TryAsync(Path.Combine(Programs.Root, "scripts", "package"), [folder.FullName], environment: environment);
            Assert.Equal(1, code);
            Assert.Contains("needs glibc 2.39", error, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task Lintian_has_nothing_to_say()
    {
        var (code, output, error) = await Tool.TryAsync(Programs.Find("lintian"), ["--fail-on", "error,warning", "--allow-root", packages.Deb], patience: TimeSpan.FromMinutes(10));
        Assert.True(code == 0 && output.Length == 0, output + error);
    }

    [Fact]
    public async Task Rpmlint_has_nothing_to_say()
    {
        var config = Path.Combine(Programs.Root, "packaging", "rpm", "rpmlint.toml");
        var (_, output, error) = await Tool.TryAsync(Programs.Find("rpmlint"), ["-c", config, packages.Rpm], patience: TimeSpan.FromMinutes(10));
        Assert.True(output.Contains("0 errors, 0 warnings", StringComparison.Ordinal), output + error);
    }

    private static string Sha256(string path) => Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(path)));
}
