using Link.Core.Logging;
using Link.Core.Secrets;
using Xunit;

namespace Link.Tests.Logging;

public sealed class LogLineTests
{
    private static readonly DateTimeOffset Noon = new(2026, 1, 2, 14, 0, 0, 5, TimeSpan.FromHours(2));

    [Fact]
    public void A_plain_line_has_time_level_words_and_fields() =>
        Assert.Equal(
            "2026-01-02T12:00:00.005Z warning endpoint failing endpoint=vip-1 fails=3",
            LogLine.Format(LogFormat.Plain, Noon, LogLevel.Warning, "endpoint failing", [("endpoint", "vip-1"), ("fails", 3)]));

    [Theory]
    [InlineData(0, "<7>hello")]
    [InlineData(1, "<6>hello")]
    [InlineData(2, "<4>hello")]
    [InlineData(3, "<3>hello")]
    public void The_journal_gets_the_priority_and_no_time(int level, string expected) =>
        Assert.Equal(expected, LogLine.Format(LogFormat.Journal, Noon, (LogLevel)level, "hello", []));

    [Fact]
    public void A_terminal_gets_the_level_in_colour() =>
        Assert.Equal("2026-01-02T12:00:00.005Z \e[31merror\e[0m hello", LogLine.Format(LogFormat.Colour, Noon, LogLevel.Error, "hello", []));

    [Theory]
    [InlineData("10.0.0.1/32", "10.0.0.1/32")]
    [InlineData("", "\"\"")]
    [InlineData("two words", "\"two words\"")]
    [InlineData("a=b", "\"a=b\"")]
    [InlineData("say \"hi\"", "\"say \\\"hi\\\"\"")]
    [InlineData("back\\slash", "\"back\\\\slash\"")]
    [InlineData("two\nlines\r", "\"two\\nlines\\u000d\"")]
    [InlineData("\e[31mred", "\"\\u001b[31mred\"")]
    [InlineData("split\u2028here", "\"split\\u2028here\"")]
    [InlineData("h\u00f4te", "h\u00f4te")]
    public void Values_are_quoted_and_escaped_when_they_need_it(string value, string expected) => Assert.Equal($"<6>m v={expected}", Line(value));

    [Fact]
    public void A_message_cannot_break_the_line() => Assert.Equal("<6>one\\ntwo", LogLine.Format(LogFormat.Journal, Noon, LogLevel.Info, "one\ntwo", []));

    [Fact]
    public void Values_have_one_form_whatever_the_culture()
    {
        Assert.Equal("<6>m v=1.5", Line(1.5));
        Assert.Equal("<6>m v=1.25s", Line(TimeSpan.FromMilliseconds(1250)));
        Assert.Equal("<6>m v=true", Line(true));
        Assert.Equal("<6>m v=2026-01-02T12:00:00.005Z", Line(Noon));
        Assert.Equal("<6>m v=\"IOException: disk full\"", Line(new IOException("disk full")));
    }

    [Fact]
    public void A_field_without_value_is_left_out() => Assert.Equal("<6>m", Line(null));

    [Fact]
    public void A_secret_is_stars() => Assert.Equal("<6>m v=***", Line(new Secret("hunter2")));

    [Fact]
    public void A_value_that_is_too_long_is_cut() => Assert.Equal("<6>m v=".Length + LogLine.MaxValueLength + "...".Length, Line(new string('x', 100_000)).Length);

    private static string Line(object? value) => LogLine.Format(LogFormat.Journal, Noon, LogLevel.Info, "m", [("v", value)]);
}
