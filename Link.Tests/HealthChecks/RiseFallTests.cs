using Link.Core.HealthChecks;
using Xunit;

namespace Link.Tests.HealthChecks;

public sealed class RiseFallTests
{
    [Theory]
    [InlineData("", 3, 1, "")]
    [InlineData("+", 3, 1, "+")]
    [InlineData("-", 3, 1, "?")]
    [InlineData("---", 3, 1, "??-")]
    [InlineData("--+", 3, 1, "??+")]
    [InlineData("+--+--+", 3, 1, "+++++++")]
    [InlineData("+---+", 3, 1, "+++-+")]
    [InlineData("+-+", 1, 1, "+-+")]
    [InlineData("--++-+++", 2, 3, "?------+")]
    public void The_verdict_follows_the_rounds(string rounds, int fall, int rise, string verdicts) => Assert.Equal(verdicts, Verdicts(rounds, fall, rise));

    private static string Verdicts(string rounds, int fall, int rise)
    {
        var state = default(RiseFall);
        var text = "";
        foreach (var round in rounds)
        {
            state = state.Next(round == '+', fall, rise);
            text += state.Healthy switch { null => '?', true => '+', false => '-' };
        }

        return text;
    }
}
