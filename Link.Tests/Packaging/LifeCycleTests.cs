using System.Net;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.Packaging;

/// <summary>The Debian package on a fresh minimal Debian that systemd runs, as one of two hosts of a bed.</summary>
[Collection(PackagesCollection.Name)]
public sealed class LifeCycleTests(PackagesFixture packages, ITestOutputHelper output)
{
    private const string Newer = "9.0.1", Newest = "9.0.2";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static readonly IPAddress LoneVip = IPAddress.Parse("10.77.0.201");

    private TestBed _bed = null!;
    private Machine _machine = null!;

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
        await using var bed = await TestBed.StartAsync(new BedOptions { Hosts = 2, AgentEnvironment = BedOptions.ModerateLease, EtcdInMemory = true });
        _bed = bed;
        var (machine, trouble) = await Machine.TryStartAsync(root, bed.Host(1).Namespace, Path.Combine(bed.Folder, "machine.log"));
        Assert.SkipWhen(machine is null, $"only PlainRootTests ran: {trouble}");
        await using (_machine = machine!)
        {
            try
            {
                await InstallAsync();
                await StartUnconfiguredAsync();
                await ConfigureAsync();
                await UpgradeAsync();
                await RemoveAsync();
                await InstallAgainAsync();
                await PurgeAsync();
            }
            catch
            {
                output.WriteLine((await _machine.TryAsync("journalctl --no-pager -u link -n 60; systemctl status --no-pager link")).Text);
                output.WriteLine(bed.Logs());
                throw;
            }
        }
    }

    private async Task InstallAsync()
    {
        var text = await _machine.RunAsync($"dpkg -i /{Path.GetFileName(packages.Deb)}");
        Assert.Contains("link: not started, because /etc/link/link.env is not complete", text, StringComparison.Ordinal);
        Assert.Equal("enabled", await _machine.RunAsync("systemctl is-enabled link"));
        Assert.Equal("inactive", (await _machine.TryAsync("systemctl is-active link")).Text.Trim());
        Assert.Equal("0", await _machine.RunAsync("systemctl list-units --failed --no-legend link.service | wc -l"));
        Assert.Equal("root:link 750\nroot:link 640", await _machine.RunAsync("stat -c '%U:%G %a' /etc/link /etc/link/link.env"));
        Assert.Contains(":/usr/sbin/nologin", await _machine.RunAsync("getent passwd link"), StringComparison.Ordinal);
        Assert.Equal($"link-client {packages.Version}", await _machine.RunAsync("link-client --version"));
        Assert.Equal("", await _machine.RunAsync("dpkg --verify link; dpkg --audit"));

        // The TLS library is loaded when it is needed, here for a server that speaks no TLS; without it the program is aborted.
        var (code, answer) = await _machine.TryAsync($"link-client --host https://{_bed.Etcd[0].Address}:{EtcdMember.ClientPort} version");
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

    private async Task ConfigureAsync()
    {
        var lines = new Dictionary<string, string>(BedOptions.ModerateLease) { ["ETCD_HOSTS"] = _bed.Etcd[0].Url, ["INTERFACE"] = AgentHost.Interface, ["HOSTNAME"] = "h1", ["PASSWORD"] = "secret" };
        await _machine.RunAsync($"printf '%s\\n' {string.Join(' ', lines.Select(pair => $"'{pair.Key}={pair.Value}'"))} >>/etc/link/link.env && systemctl start link");
        await _machine.RunAsync($"link-client ips add {TestBed.Vip}/32 --wait && link-client ips add {LoneVip}/32 --wait");
        Assert.Equal(
            (1, "link-client: permission denied on the Unix socket: use sudo, or join the group link; over TCP: credentials are missing or wrong: give --user and --password, or LINK_USER and LINK_PASSWORD\n"),
            await _machine.TryAsync("setpriv --reuid=65534 --regid=65534 --clear-groups link-client ips list"));
        await _machine.RunAsync("systemctl reload link");
        await Wait.UntilAsync("the reload", async () => (await _machine.RunAsync("journalctl -u link --no-pager")).Contains("certificates and users are read again", StringComparison.Ordinal), Patience);
        await _bed.Host(2).StartAgentAsync();
        await _bed.Host(2).Api.AddAsync(TestBed.Vip, null);
        await Wait.UntilAsync("two competitors", async () => (await _machine.RunAsync($"link-client ips hosts {TestBed.Vip}")).Contains("h2", StringComparison.Ordinal), Patience);
        Assert.True(_bed.Addresses.IsPresent(1, TestBed.Vip));
    }

    private async Task UpgradeAsync()
    {
        var before = (_bed.Addresses.Events(TestBed.Vip).Count, _bed.Addresses.Events(LoneVip).Count);
        var process = await _machine.RunAsync("systemctl show link -p MainPID");
        await _machine.RunAsync($"dpkg -i /link_{Newer}-1_amd64.deb </dev/null");
        Assert.NotEqual(process, await _machine.RunAsync("systemctl show link -p MainPID"));
        process = await _machine.RunAsync("systemctl show link -p MainPID");

        // The file that the administrator changed has changed in the package too.
        await _machine.RunAsync($"dpkg --force-confold -i /link_{Newest}-1_amd64.deb </dev/null");
        Assert.NotEqual(process, await _machine.RunAsync("systemctl show link -p MainPID"));
        Assert.Contains("HOSTNAME=h1", await _machine.RunAsync("cat /etc/link/link.env"), StringComparison.Ordinal);
        Assert.Contains("new example", await _machine.RunAsync("cat /etc/link/link.env.dpkg-dist"), StringComparison.Ordinal);
        Assert.Equal("root:link 640", await _machine.RunAsync("stat -c '%U:%G %a' /etc/link/link.env"));

        await Wait.UntilAsync("the new agent", async () => (await _machine.TryAsync("link-client health")).Code == 0, Patience);
        Assert.Contains("h1 ", await _machine.RunAsync($"link-client ips hosts {TestBed.Vip} | grep yes"), StringComparison.Ordinal);
        Assert.Equal(before, (_bed.Addresses.Events(TestBed.Vip).Count, _bed.Addresses.Events(LoneVip).Count));
    }

    private async Task RemoveAsync()
    {
        var before = _bed.Addresses.Events(TestBed.Vip).Count;
        await _machine.RunAsync("dpkg -r link");
        // Handed over: the other host had it before this one let go.
        await Wait.UntilAsync("two changes of the address", () => _bed.Addresses.Events(TestBed.Vip).Count >= before + 2, Patience);
        Assert.Equal([(2, true), (1, false)], _bed.Addresses.Events(TestBed.Vip).Skip(before).Select(change => (change.Namespace, change.Added)));
        await Wait.UntilAsync("the end of the other address", () => !_bed.Addresses.IsPresent(1, LoneVip), Patience);
        Assert.DoesNotContain("/link/drained", await Tool.RunAsync("ip", ["netns", "exec", _bed.Etcd[0].Namespace.Name, "etcdctl", "get", "--prefix", "--keys-only", "/link/"]), StringComparison.Ordinal);
        Assert.Contains("HOSTNAME=h1", await _machine.RunAsync("cat /etc/link/link.env"), StringComparison.Ordinal);
        Assert.Equal("", await _machine.RunAsync("ls -A /usr/lib/link /run/link 2>/dev/null || true"));
    }

    private async Task InstallAgainAsync()
    {
        await _machine.RunAsync($"dpkg --force-confold -i /link_{Newest}-1_amd64.deb </dev/null");
        await Wait.UntilAsync("the agent", async () => (await _machine.TryAsync("link-client health")).Code == 0, Patience);
        Assert.Contains("no", await _machine.RunAsync("link-client health | grep DRAINED"), StringComparison.Ordinal);
        await Wait.UntilAsync("its own address", () => _bed.Addresses.IsPresent(1, LoneVip), Patience);
        Assert.False(_bed.Addresses.IsPresent(1, TestBed.Vip));

        // What the administrator stopped stays stopped.
        await _machine.RunAsync("systemctl stop link");
        await _machine.RunAsync($"dpkg --force-confold --force-downgrade -i /link_{Newer}-1_amd64.deb </dev/null");
        Assert.Equal("inactive", (await _machine.TryAsync("systemctl is-active link")).Text.Trim());
    }

    private async Task PurgeAsync()
    {
        await _machine.RunAsync("touch /etc/link/client.key && dpkg -P link");
        await Wait.UntilAsync("the end of the address that the stopped agent had left", () => !_bed.Addresses.IsPresent(1, LoneVip), Patience);
        Assert.Equal("", await _machine.RunAsync("ls -d /etc/link /usr/lib/link /usr/share/doc/link /run/link 2>/dev/null || true"));
        Assert.Equal("", await _machine.RunAsync("find /etc/systemd /var/lib/systemd -name 'link.service*'"));
        Assert.Equal("", await _machine.RunAsync("dpkg --get-selections link 2>/dev/null"));
        Assert.NotEqual("", await _machine.RunAsync("getent passwd link"));
    }

    private static void NewExample(string tree) => File.AppendAllText(Path.Combine(tree, "etc/link/link.env"), "# new example\n");
}
