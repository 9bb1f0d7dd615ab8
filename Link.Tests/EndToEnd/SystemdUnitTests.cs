using System.Globalization;
using System.Text.RegularExpressions;
using Link.Tests.Bed;
using Xunit;

namespace Link.Tests.EndToEnd;

public sealed class SystemdUnitTests
{
    private static readonly string s_folder = Path.Combine(Programs.Root, "packaging", "systemd");

    [Fact]
    public async Task Systemd_finds_no_fault_in_the_units()
    {
        Assert.SkipWhen(Programs.TryFind("systemd-analyze") is null, "systemd-analyze is not installed");
        var folder = Directory.CreateTempSubdirectory("link-unit-");
        try
        {
            string[] names = ["link.service", "link-exec.socket", "link-exec@.service"];
            foreach (string name in names)
            {
                // The executable need not be installed where the unit says.
                var text = await File.ReadAllTextAsync(Path.Combine(s_folder, name), TestContext.Current.CancellationToken);
                await File.WriteAllTextAsync(Path.Combine(folder.FullName, name), text.Replace("/usr/lib/link/link", "/bin/true", StringComparison.Ordinal), TestContext.Current.CancellationToken);
            }

            var (code, output, error) = await Tool.TryAsync("systemd-analyze", ["verify", "--man=no", .. names.Select(name => Path.Combine(folder.FullName, name))]);
            Assert.True(code == 0, output + error);
            Assert.DoesNotContain(folder.FullName, output + error, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Of 10; lower is better. What remains is the host's network and, of the agent, the two capabilities.</summary>
    [Theory]
    [InlineData("link.service", 1.8)]
    [InlineData("link-exec@.service", 1.3)]
    public async Task The_unit_is_a_narrow_sandbox(string name, double mostExposed)
    {
        Assert.SkipWhen(Programs.TryFind("systemd-analyze") is null, "systemd-analyze is not installed");
        var (_, output, error) = await Tool.TryAsync("systemd-analyze", ["security", "--offline=true", "--no-pager", Path.Combine(s_folder, name)]);
        // → Overall exposure level for link.service: 1.8 OK
        var level = Regex.Match(output, @"exposure level for [^:]+: (\d+\.\d)");
        Assert.True(level.Success, output + error);
        Assert.InRange(double.Parse(level.Groups[1].Value, CultureInfo.InvariantCulture), 0.1, mostExposed);
    }
}
