using System.Globalization;
using System.Text.RegularExpressions;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

public sealed class SystemdUnitTests
{
    /// <summary>Of 10; lower is better. What remains is the host's network and the two capabilities.</summary>
    private const double MostExposed = 2.0;

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

    [Fact]
    public async Task The_unit_is_a_narrow_sandbox()
    {
        Assert.SkipWhen(Programs.TryFind("systemd-analyze") is null, "systemd-analyze is not installed");
        var unit = Path.Combine(Programs.Root, "packaging", "systemd", "link.service");
        var (_, output, error) = await Tool.TryAsync("systemd-analyze", ["security", "--offline=true", "--no-pager", unit]);
        // → Overall exposure level for link.service: 1.8 OK
        var level = Regex.Match(output, @"exposure level for link\.service: (\d+\.\d)");
        Assert.True(level.Success, output + error);
        Assert.InRange(double.Parse(level.Groups[1].Value, CultureInfo.InvariantCulture), 0.1, MostExposed);
    }
}
