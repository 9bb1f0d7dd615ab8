using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

public sealed class SystemdUnitTests
{
    [Fact]
    public async Task Systemd_finds_no_fault_in_the_unit()
    {
        Assert.SkipWhen(Programs.TryFind("systemd-analyze") is null, "systemd-analyze is not installed");
        var folder = Directory.CreateTempSubdirectory("link-unit-");
        try
        {
            // The executable need not be installed where the unit says.
            var text = await File.ReadAllTextAsync(Path.Combine(Programs.Root, "packaging", "systemd", "link.service"), TestContext.Current.CancellationToken);
            var unit = Path.Combine(folder.FullName, "link.service");
            await File.WriteAllTextAsync(unit, text.Replace("/usr/lib/link/link", "/bin/true", StringComparison.Ordinal), TestContext.Current.CancellationToken);
            var (code, output, error) = await Tool.TryAsync("systemd-analyze", ["verify", "--man=no", unit]);
            Assert.True(code == 0, output + error);
            Assert.DoesNotContain(unit, output + error, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
