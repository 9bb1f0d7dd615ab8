using Link.Core.Agent;
using Xunit;

namespace Link.Tests.Agent;

public sealed class GoDurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    [InlineData("300ms", 300)]
    [InlineData("1.5s", 1500)]
    [InlineData(".5s", 500)]
    [InlineData("1.s", 1000)]
    [InlineData("2m", 120_000)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("1h0m0.25s", 3_600_250)]
    [InlineData("-2s", -2000)]
    [InlineData("+2s", 2000)]
    [InlineData("250us", 0.25)]
    [InlineData("250\u00b5s", 0.25)]
    [InlineData("250\u03bcs", 0.25)]
    [InlineData("1000000ns", 1)]
    public void What_Go_reads_is_read(string text, double milliseconds)
    {
        Assert.True(GoDuration.TryParse(text, out var value, out var error), error);
        Assert.Equal(milliseconds, value.TotalMilliseconds);
    }

    [Theory]
    [InlineData("", "is not a duration")]
    [InlineData("-", "is not a duration")]
    [InlineData("s", "is not a duration")]
    [InlineData(" 5s", "is not a duration")]
    [InlineData(".s", "is not a duration")]
    [InlineData("1.2.3s", "is not a duration")]
    [InlineData("5", "has no unit (did you mean 5s?)")]
    [InlineData("1h30", "has no unit (did you mean 1h30s?)")]
    [InlineData("5d", "has an unknown unit \"d\"")]
    [InlineData("5S", "has an unknown unit \"S\"")]
    [InlineData("5 s", "has an unknown unit \" s\"")]
    [InlineData("9999999h", "is too long")]
    [InlineData("99999999999999999999999999999999999s", "is not a duration")]
    public void What_Go_refuses_is_refused_with_a_reason(string text, string expected)
    {
        Assert.False(GoDuration.TryParse(text, out _, out var error));
        Assert.Equal(expected, error);
    }

    [Theory]
    [InlineData("0s")]
    [InlineData("100ns")]
    [InlineData("1.5us")]
    [InlineData("300ms")]
    [InlineData("1.5s")]
    [InlineData("3s")]
    [InlineData("10m")]
    [InlineData("1h30m")]
    [InlineData("1h0.25s")]
    [InlineData("-2m")]
    public void The_short_form_reads_back_as_itself(string text)
    {
        Assert.True(GoDuration.TryParse(text, out var value, out _));
        Assert.Equal(text, GoDuration.Format(value));
    }
}
