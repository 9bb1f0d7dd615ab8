using System.Runtime.Versioning;
using Link.Tests.Bed;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Packaging;

/// <summary>The Debian package on a fresh minimal Debian that systemd runs, as one of two hosts of a bed.</summary>
[Collection(PackagesCollection.Name)]
[SupportedOSPlatform("linux")]
public sealed class LifeCycleTests(PackagesFixture packages, ITestOutputHelper output)
{
    private const string Newer = "9.0.1", Newest = "9.0.2";
    private static readonly TimeSpan Patience = PackagedHost.Patience;

    private PackagedHost _host = null!;
    private Machine _machine = null!;
    private PackagedPrograms _programs = null!;

    [Fact]
    public async Task Installing_upgrading_removing_and_purging_keep_the_address_where_it_belongs()
    {
        Assert.SkipWhen(TestBed.Unavailable is not null, TestBed.Unavailable ?? "");
        var built = packages.BuiltAsync();
        string? root = null;
        try
        {
            root = await packages.RootAsync();
        }
        catch (InvalidOperationException e)
        {
            Assert.Skip($"no minimal Debian; only PlainRootTests ran: {e.Message}");
        }

        await built;
        foreach (var package in new[] { packages.Deb, await packages.RepackAsync(Newer), await packages.RepackAsync(Newest, NewExample) })
            File.Copy(package, Path.Combine(root, Path.GetFileName(package)), overwrite: true);
        await using var host = await PackagedHost.StartAsync(root);
        (_host, _machine, _programs) = (host, host.Machine, new PackagedPrograms(host));
        try
        {
            await InstallAsync();
            await StartUnconfiguredAsync();
            await host.ConfigureAsync(host.Bed.Etcd[0].Url, ["PASSWORD=secret", .. PackagedPrograms.Settings]);
            await AskAsStrangerAsync();
            await ReloadAsync();
            await RunProgramsAsync();
            await host.HoldAsync();
            await UpgradeAsync();
            await RemoveAsync();
            await InstallAgainAsync();
            await PurgeAsync();
            await UseTlsAsync();
        }
        catch
        {
            output.WriteLine(await host.LogsAsync());
            throw;
        }
    }

    private async Task InstallAsync()
    {
        var text = await _machine.RunAsync($"dpkg -i /{Path.GetFileName(packages.Deb)}");
        Assert.Contains("link: not started, because /etc/link/link.env is not complete", text, StringComparison.Ordinal);
        Assert.Equal("enabled", await _machine.RunAsync("systemctl is-enabled link"));
        Assert.Equal("inactive", (await _machine.TryAsync("systemctl is-active link")).Text.Trim());
        Assert.Equal("0", await _machine.RunAsync("systemctl list-units --failed --no-legend link.service | wc -l"));
        Assert.Equal("root:link 750\nroot:root 600", await _machine.RunAsync("stat -c '%U:%G %a' /etc/link /etc/link/link.env"));
        foreach (string user in new[] { "link", "link-exec" })
            Assert.Contains(":/usr/sbin/nologin", await _machine.RunAsync($"getent passwd {user}"), StringComparison.Ordinal);
        Assert.Equal($"link-client {packages.Version}", await _machine.RunAsync("link-client --version"));
        Assert.Equal("", await _machine.RunAsync("dpkg --verify link; dpkg --audit"));

        // The TLS library is loaded when it is needed, here for a server that speaks no TLS; without it the program is aborted.
        var (code, answer) = await _machine.TryAsync($"link-client --host https://{_host.Bed.Etcd[0].Address}:{EtcdMember.ClientPort} version");
        Assert.Equal(3, code);
        Assert.DoesNotContain("libssl", answer, StringComparison.Ordinal);
    }

    private async Task StartUnconfiguredAsync()
    {
        await _machine.TryAsync("systemctl start link");
        await Wait.UntilAsync("the failed start", async () => (await _machine.TryAsync("systemctl is-failed link")).Text.Trim() == "failed", Patience);
        Assert.Equal("NRestarts=0\nExecMainStatus=2", await _machine.RunAsync("systemctl show link -p NRestarts -p ExecMainStatus"));
        await Wait.UntilAsync("its last words in the journal", async () => (await _machine.RunAsync("journalctl -u link --no-pager")).Contains("ETCD_HOSTS", StringComparison.Ordinal), Patience);
    }

    private async Task AskAsStrangerAsync() => Assert.Equal(
        (1, "link-client: permission denied on the Unix socket: use sudo, or join the group link; over TCP: credentials are missing or wrong: give --user and --password, or LINK_USER and LINK_PASSWORD\n"),
        await _machine.TryAsync("setpriv --reuid=65534 --regid=65534 --clear-groups link-client ips list"));

    private async Task ReloadAsync()
    {
        await _machine.RunAsync("systemctl reload link");
        await Wait.UntilAsync("the reload", async () => (await _machine.RunAsync("journalctl -u link --no-pager")).Contains("certificates and users are read again", StringComparison.Ordinal), Patience);
    }

    private async Task RunProgramsAsync()
    {
        await _programs.PrepareAsync();
        await _programs.AttackAsync();
        await _programs.AskTheServiceAsync();
        output.WriteLine($"one run of a program by the service, in microseconds: {await _programs.LatencyAsync()}");
        await _programs.DieAsync();
    }

    private async Task UpgradeAsync()
    {
        // As the versions before had it.
        await _machine.RunAsync("chown root:link /etc/link/link.env && chmod 640 /etc/link/link.env");
        int runs = await _programs.RunsAsync();
        await _host.ChangeVersionAsync($"dpkg -i /link_{Newer}-1_amd64.deb </dev/null");
        Assert.Equal("root:root 600", await _machine.RunAsync("stat -c '%U:%G %a' /etc/link/link.env"));
        await _programs.RanAgainAsync(runs);
        runs = await _programs.RunsAsync();
        // The file that the administrator changed has changed in the package too.
        await _host.ChangeVersionAsync($"dpkg --force-confold -i /link_{Newest}-1_amd64.deb </dev/null");
        Assert.Contains("HOSTNAME=h1", await _machine.RunAsync("cat /etc/link/link.env"), StringComparison.Ordinal);
        Assert.Contains("new example", await _machine.RunAsync("cat /etc/link/link.env.dpkg-dist"), StringComparison.Ordinal);
        Assert.Equal("root:root 600", await _machine.RunAsync("stat -c '%U:%G %a' /etc/link/link.env"));
        await _programs.RanAgainAsync(runs);
    }

    private async Task RemoveAsync()
    {
        await _host.RemoveAsync("dpkg -r link");
        Assert.Equal("", await _machine.RunAsync("systemctl list-units --all --no-legend 'link-exec*'; ls -d /run/link-exec 2>/dev/null || true"));
        Assert.Contains("HOSTNAME=h1", await _machine.RunAsync("cat /etc/link/link.env"), StringComparison.Ordinal);
    }

    private async Task InstallAgainAsync()
    {
        await _machine.RunAsync($"dpkg --force-confold -i /link_{Newest}-1_amd64.deb </dev/null");
        await Wait.UntilAsync("the agent", async () => (await _machine.TryAsync("link-client health")).Code == 0, Patience);
        Assert.Contains("no", await _machine.RunAsync("link-client health | grep DRAINED"), StringComparison.Ordinal);
        await Wait.UntilAsync("its own address", () => _host.Bed.Addresses.IsPresent(1, PackagedHost.LoneVip), Patience);
        Assert.False(_host.Bed.Addresses.IsPresent(1, TestBed.Vip));

        // What the administrator stopped stays stopped.
        await _machine.RunAsync("systemctl stop link");
        await _machine.RunAsync($"dpkg --force-confold --force-downgrade -i /link_{Newer}-1_amd64.deb </dev/null");
        Assert.Equal("inactive", (await _machine.TryAsync("systemctl is-active link")).Text.Trim());
    }

    private async Task PurgeAsync()
    {
        await _machine.RunAsync("touch /etc/link/client.key && dpkg -P link");
        await Wait.UntilAsync("the end of the address that the stopped agent had left", () => !_host.Bed.Addresses.IsPresent(1, PackagedHost.LoneVip), Patience);
        Assert.Equal("", await _machine.RunAsync("ls -d /etc/link /usr/lib/link /usr/share/doc/link /run/link /run/link-exec /var/lib/link-exec 2>/dev/null || true"));
        Assert.Equal("", await _machine.RunAsync("find /etc/systemd /var/lib/systemd -name 'link.service*'"));
        Assert.Equal("", await _machine.RunAsync("dpkg --get-selections link 2>/dev/null"));
        Assert.Equal("0", await _machine.RunAsync("getent passwd link link-exec >/dev/null; echo $?"));
    }

    /// <summary>An etcd that wants client certificates, with files of which the user link can read the key by its group alone.</summary>
    private async Task UseTlsAsync()
    {
        var member = _host.Bed.Etcd[0];
        using var certificates = new EtcdCertificates(member.Address);
        var (url, peer) = ($"https://{member.Address}:12379", "http://127.0.0.1:12380");
        var etcd = ChildProcess.Start(
            member.Namespace,
            Programs.Find("etcd"),
            [
                "--data-dir", Path.Combine(_host.Bed.Folder, "tls"), "--logger", "zap", "--listen-client-urls", url, "--advertise-client-urls", url,
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer, "--initial-cluster", $"default={peer}",
                "--cert-file", certificates.ServerCertificateFile, "--key-file", certificates.ServerKeyFile, "--trusted-ca-file", certificates.CaFile, "--client-cert-auth",
            ],
            new Dictionary<string, string> { ["PATH"] = "/usr/bin:/bin" },
            Path.Combine(_host.Bed.Folder, "tls.log"));
        try
        {
            await _machine.RunAsync($"dpkg -i /{Path.GetFileName(packages.Deb)}");
            foreach (var (name, file) in new[] { ("ca.crt", certificates.CaFile), ("client.crt", certificates.ClientCertificateFile), ("client.key", certificates.ClientKeyFile) })
                await _machine.RunAsync($"umask 077 && printf %s '{await File.ReadAllTextAsync(file)}' >/etc/link/etcd-{name} && chown root:link /etc/link/etcd-{name} && chmod 640 /etc/link/etcd-{name}");
            string[] files = ["ETCD_CACERT=/etc/link/etcd-ca.crt", "ETCD_TLS_CERT=/etc/link/etcd-client.crt", "ETCD_TLS_KEY=/etc/link/etcd-client.key"];

            // Without the client's certificate etcd is not reached, and the log says so.
            await _host.ConfigureAsync(url, files[0]);
            await Wait.UntilAsync("a word about it", async () => (await _machine.RunAsync("journalctl -u link --no-pager")).Contains(url, StringComparison.Ordinal), Patience);
            Assert.NotEqual(0, (await _machine.TryAsync("link-client health")).Code);

            await _machine.RunAsync($"printf '%s\\n' {string.Join(' ', files[1..])} >>/etc/link/link.env && systemctl restart link");
            await Wait.UntilAsync("the agent", async () => (await _machine.TryAsync("link-client health")).Code == 0, Patience);
            await _machine.RunAsync($"link-client ips add {TestBed.VipV6}/128 --wait");
            Assert.True(_host.Bed.Addresses.IsPresent(1, TestBed.VipV6));
            Assert.Contains(
                "h1",
                await Tool.RunAsync("ip",
                [
                    "netns", "exec", member.Namespace.Name, "etcdctl", "--endpoints", url, "--cacert", certificates.CaFile, "--cert", certificates.ClientCertificateFile,
                    "--key", certificates.ClientKeyFile, "get", "--prefix", "--print-value-only", "/link/default/",
                ]),
                StringComparison.Ordinal);
        }
        finally
        {
            etcd.Kill();
        }
    }

    private static void NewExample(string tree) => File.AppendAllText(Path.Combine(tree, "etc/link/link.env"), "# new example\n");
}
