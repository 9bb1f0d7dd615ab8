using Link.Core.Secrets;
using Xunit;

namespace Link.Tests.Secrets;

public sealed class SecretTests
{
    [Fact]
    public void The_text_of_a_secret_is_stars() => Assert.Equal("value: ***", $"value: {new Secret("hunter2")}");

    [Theory]
    [InlineData("hunter2", true)]
    [InlineData("hunter", false)]
    [InlineData("", false)]
    public void A_secret_matches_only_itself(string other, bool expected) => Assert.Equal(expected, new Secret("hunter2").Matches(other));
}
