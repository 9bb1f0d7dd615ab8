using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.Packaging;

/// <summary>The packages on a system whose systemd does not run: a chroot, an image that is being built.</summary>
[Collection(PackagesCollection.Name)]
public sealed class PlainRootTests(PackagesFixture packages)
{
    [Fact]
    public async Task The_Debian_package_is_installed_upgraded_removed_and_purged()
    {
        Assert.SkipWhen(TestBed.Unavailable is not null, TestBed.Unavailable ?? "");
        var newer = await packages.RepackAsync("9.1.0", tree => File.AppendAllText(Path.Combine(tree, "etc/link/link.env"), "# new example\n"));
        var (code, text) = await PlainRoot.RunAsync($$"""
            dpkg -i /packages/{{Path.GetFileName(packages.Deb)}}
            test "$(stat -c '%U:%G %a' /etc/link /etc/link/link.env)" = "root:link 750
            root:root 600"
            test -L /etc/systemd/system/multi-user.target.wants/link.service
            test "$(link-client --version)" = "link-client {{packages.Version}}"
            ETCD_HOSTS=http://127.0.0.1:2379 link-agent --check-config
            zcat /usr/share/man/man8/link-agent.8.gz | grep "LinK {{packages.Version}}"
            test -z "$(dpkg --verify link)"
            echo HOSTNAME=mine >>/etc/link/link.env
            chown root:link /etc/link/link.env
            chmod 640 /etc/link/link.env
            dpkg --force-confold -i /packages/{{Path.GetFileName(newer)}}
            grep HOSTNAME=mine /etc/link/link.env
            grep "new example" /etc/link/link.env.dpkg-dist
            test "$(stat -c '%U:%G %a' /etc/link/link.env)" = "root:root 600"
            dpkg-statoverride --update --add root link 640 /etc/link/link.env
            dpkg --force-confold -i /packages/{{Path.GetFileName(newer)}}
            test "$(stat -c '%U:%G %a' /etc/link/link.env)" = "root:link 640"
            dpkg-statoverride --remove /etc/link/link.env
            dpkg -r link
            grep HOSTNAME=mine /etc/link/link.env
            test ! -e /usr/lib/link
            dpkg -P link
            test ! -e /etc/link
            test -z "$(find /etc/systemd /var/lib/systemd -name 'link.service*')"
            getent passwd link link-exec
            """, Path.GetDirectoryName(packages.Deb)!);
        Assert.True(code == 0, text);
    }

    [Fact]
    public async Task The_RPM_is_installed_upgraded_downgraded_and_removed()
    {
        Assert.SkipWhen(TestBed.Unavailable is not null, TestBed.Unavailable ?? "");
        await packages.BuiltAsync();
        var newer = Path.GetFileName(await packages.NewerRpmAsync());
        // Without dependencies: this is no system that RPM knows.
        var (code, text) = await PlainRoot.RunAsync($$"""
            rpm --nodeps -i /packages/{{Path.GetFileName(packages.Rpm)}}
            test "$(stat -c '%U:%G %a' /etc/link /etc/link/link.env)" = "root:link 750
            root:root 600"
            test "$(link-client --version)" = "link-client {{packages.Version}}"
            rpm -V --nodeps link
            echo HOSTNAME=mine >>/etc/link/link.env
            chown root:link /etc/link/link.env
            chmod 640 /etc/link/link.env
            rpm --nodeps -U /packages/{{newer}}
            test "$(rpm -q --queryformat '%{VERSION}' link)" = {{PackagesFixture.NewerRpm}}
            zcat /usr/share/man/man8/link-agent.8.gz | grep "LinK {{PackagesFixture.NewerRpm}}"
            grep HOSTNAME=mine /etc/link/link.env
            grep "new example" /etc/link/link.env.rpmnew
            test "$(stat -c '%U:%G %a' /etc/link/link.env)" = "root:root 600"
            ! rpm --nodeps -U /packages/{{Path.GetFileName(packages.Rpm)}}
            rpm --nodeps -U --oldpackage /packages/{{Path.GetFileName(packages.Rpm)}}
            test "$(rpm -q --queryformat '%{VERSION}' link)" = {{packages.Version}}
            zcat /usr/share/man/man8/link-agent.8.gz | grep "LinK {{packages.Version}}"
            grep HOSTNAME=mine /etc/link/link.env
            rpm --nodeps -e link
            test ! -e /usr/lib/link
            test ! -e /etc/link/link.env
            grep HOSTNAME=mine /etc/link/link.env.rpmsave
            """, Path.GetDirectoryName(packages.Rpm)!);
        Assert.True(code == 0, text);
    }
}
