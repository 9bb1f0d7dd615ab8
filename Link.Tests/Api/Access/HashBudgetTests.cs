using Link.Core.Api.Access;
using Xunit;

namespace Link.Tests.Api.Access;

public sealed class HashBudgetTests
{
    private readonly HashBudget _budget = new();

    [Theory]
    [InlineData(5)]
    [InlineData(100)]
    [InlineData(2500)]
    public void In_any_hour_a_tenth_of_a_processor_is_spent_and_two_seconds_more(int costMs)
    {
        TimeSpan cost = TimeSpan.FromMilliseconds(costMs);
        TimeSpan spent = TimeSpan.Zero;
        TimeSpan now = TimeSpan.FromDays(3);
        TimeSpan end = now + TimeSpan.FromHours(1);
        while (now < end)
        {
            TimeSpan wait = _budget.ReadyIn(now);
            if (wait > TimeSpan.Zero)
            {
                now += wait;
                continue;
            }

            _budget.Spend(cost, now);
            spent += cost;
        }

        Assert.InRange(spent, TimeSpan.FromMinutes(5.5), TimeSpan.FromMinutes(6) + TimeSpan.FromSeconds(2) + cost);
    }

    [Fact]
    public void Peace_saves_no_more_than_two_seconds()
    {
        Assert.Equal(TimeSpan.Zero, _budget.ReadyIn(TimeSpan.FromHours(1)));
        _budget.Spend(TimeSpan.FromSeconds(3), TimeSpan.FromHours(9));
        Assert.InRange(_budget.ReadyIn(TimeSpan.FromHours(9)), TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10.1));
    }
}
