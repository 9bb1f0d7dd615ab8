using Link.Cli.CommandLine;
using Xunit;

namespace Link.Tests.Client;

public sealed class GoDurationTests
{
    [Theory]
    [InlineData("300ms", 300)]
    [InlineData("1.5s", 1500)]
    [InlineData("2m", 120_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("1m0.5s", 60_500)]
    public void Gos_forms_are_read(string text, int milliseconds)
    {
        Assert.True(GoDuration.TryParse(text, out TimeSpan duration));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("5 s")]
    [InlineData("-5s")]
    [InlineData("1.2.3s")]
    [InlineData("5sx")]
    [InlineData("99999999h")]
    public void Other_forms_are_refused(string text) => Assert.False(GoDuration.TryParse(text, out _));
}
