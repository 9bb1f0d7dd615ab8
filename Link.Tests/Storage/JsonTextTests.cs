using System.Text;
using Link.Core.Storage;
using Xunit;

namespace Link.Tests.Storage;

public sealed class JsonTextTests
{
    [Theory]
    [InlineData("""{"a":"\ud83d\ude00"}""", true)]
    [InlineData("""{"a":"b\\ud800"}""", true)]
    [InlineData("""{"url":"http:\/\/h\/?a\u0026b"}""", true)]
    [InlineData("no JSON at all \\ud800", true)]
    [InlineData("""{"a":"\ud800"}""", false)]
    [InlineData("""{"a":["\udc00x"]}""", false)]
    [InlineData("""{"\ud800":1}""", false)]
    [InlineData("""{"a":{"b":"\ude00\ud83d"}}""", false)]
    public void Half_of_a_surrogate_pair_is_no_text(string json, bool isSound) => Assert.Equal(isSound, JsonText.IsSound(Encoding.UTF8.GetBytes(json)));

    [Fact]
    public void Bytes_that_are_no_UTF_8_are_no_text() => Assert.False(JsonText.IsSound([.. "{\"a\":\""u8, 0xff, .. "\"}"u8]));
}
