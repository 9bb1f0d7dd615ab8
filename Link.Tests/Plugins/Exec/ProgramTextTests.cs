using System.Text;
using Link.Core.Plugins.Exec;
using Xunit;

namespace Link.Tests.Plugins.Exec;

public sealed class ProgramTextTests
{
    [Theory]
    [InlineData("token is a-long-secret", "token is ***")]
    [InlineData("a-l\u200bong-se\u2060cret and more", "*** and more")]
    [InlineData("\u202ea-long-secre\ufefft", "***")]
    [InlineData("first\na-long-secret\r\n \r\n", "***")]
    public void A_secret_is_hidden_whatever_stands_in_it_that_cannot_be_seen(string output, string shown) =>
        Assert.Equal(shown, new ProgramText(["a-long-secret"]).LastLine(Encoding.UTF8.GetBytes(output), isCut: false));

    [Fact]
    public void A_byte_that_is_no_text_hides_no_secret() =>
        Assert.Equal("***", new ProgramText(["a-long-secret"]).LastLine([.. "a-long-"u8, 0xff, .. "secret"u8], isCut: false));

    [Fact]
    public void A_secret_that_goes_beyond_what_is_shown_is_hidden_too()
    {
        string line = new ProgramText([new string('s', 400)]).LastLine([.. "x "u8, .. Encoding.UTF8.GetBytes(new string('s', 200)), 0xff, .. Encoding.UTF8.GetBytes(new string('s', 200))], isCut: false);
        Assert.Equal("x ***", line);
    }
}
