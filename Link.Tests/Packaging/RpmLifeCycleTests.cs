using System.Runtime.Versioning;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.Packaging;

/// <summary>The RPM on a system that systemd runs, as one of two hosts of a bed. It is a Debian with rpm, which knows none of its packages: without dependencies.</summary>
[Collection(PackagesCollection.Name)]
[SupportedOSPlatform("linux")]
public sealed class RpmLifeCycleTests(PackagesFixture packages, ITestOutputHelper output)
{
    [Fact]
    public async Task Installing_upgrading_downgrading_and_removing_keep_the_address_where_it_belongs()
    {
        Assert.SkipWhen(TestBed.Unavailable is not null, TestBed.Unavailable ?? "");
        string root;
        try
        {
            root = await packages.RootWithRpmAsync();
        }
        catch (InvalidOperationException e)
        {
            Assert.Skip($"no minimal Debian with rpm; only PlainRootTests ran: {e.Message}");
            throw;
        }

        await packages.BuiltAsync();
        var (older, newer) = (packages.Rpm, await packages.NewerRpmAsync());
        foreach (var package in new[] { older, newer })
            File.Copy(package, Path.Combine(root, Path.GetFileName(package)), overwrite: true);
        await using var host = await PackagedHost.StartAsync(root);
        var machine = host.Machine;
        try
        {
            await machine.RunAsync($"rpm --nodeps -i /{Path.GetFileName(older)}");
            Assert.Equal("inactive", (await machine.TryAsync("systemctl is-active link")).Text.Trim());
            Assert.Equal("", await machine.RunAsync("rpm -V --nodeps link"));
            await host.ConfigureAsync(host.Bed.Etcd[0].Url, PackagedPrograms.Settings);
            var programs = new PackagedPrograms(host);
            await programs.PrepareAsync();
            await programs.AttackAsync();
            await host.HoldAsync();
            await machine.RunAsync("chown root:link /etc/link/link.env && chmod 640 /etc/link/link.env");
            int runs = await programs.RunsAsync();

            await host.ChangeVersionAsync($"rpm --nodeps -U /{Path.GetFileName(newer)}");
            Assert.Equal(PackagesFixture.NewerRpm, await machine.RunAsync("rpm -q --queryformat '%{VERSION}' link"));
            Assert.Contains("HOSTNAME=h1", await machine.RunAsync("cat /etc/link/link.env"), StringComparison.Ordinal);
            Assert.Contains("new example", await machine.RunAsync("cat /etc/link/link.env.rpmnew"), StringComparison.Ordinal);
            Assert.Equal("root:root 600", await machine.RunAsync("stat -c '%U:%G %a' /etc/link/link.env"));
            await programs.RanAgainAsync(runs);

            Assert.NotEqual(0, (await machine.TryAsync($"rpm --nodeps -U /{Path.GetFileName(older)}")).Code);
            await host.ChangeVersionAsync($"rpm --nodeps -U --oldpackage /{Path.GetFileName(older)}");
            Assert.Equal(packages.Version, await machine.RunAsync("rpm -q --queryformat '%{VERSION}' link"));
            Assert.Contains("HOSTNAME=h1", await machine.RunAsync("cat /etc/link/link.env"), StringComparison.Ordinal);

            await host.RemoveAsync("rpm --nodeps -e link");
            Assert.Contains("HOSTNAME=h1", await machine.RunAsync("cat /etc/link/link.env.rpmsave"), StringComparison.Ordinal);

            // What the administrator stopped stays stopped.
            await machine.RunAsync($"rpm --nodeps -i /{Path.GetFileName(older)} && rpm --nodeps -U /{Path.GetFileName(newer)}");
            Assert.Equal("inactive", (await machine.TryAsync("systemctl is-active link")).Text.Trim());
        }
        catch
        {
            output.WriteLine(await host.LogsAsync());
            throw;
        }
    }
}
