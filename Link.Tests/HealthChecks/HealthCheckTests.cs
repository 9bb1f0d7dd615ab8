using Link.Core.HealthChecks;
using Xunit;

namespace Link.Tests.HealthChecks;

public sealed class HealthCheckTests
{
    [Fact]
    public void Valid_checks_have_no_faults() => Assert.Empty(HealthCheck.Validate([new("TCP", "10.0.0.9", 80), new("TCP", "::1", 65535)], 3600));

    [Fact]
    public void All_faults_come_together_under_their_field()
    {
        var faults = HealthCheck.Validate([new("TCP", "ok", 1), new("tcp", "", 0)], 3601);

        Assert.Equal(["checks[1].host", "checks[1].port", "checks[1].type", "healthcheck_interval"], faults.Keys.Order());
        Assert.Equal("is \"tcp\"; must be TCP", Assert.Single(faults["checks[1].type"]));
        Assert.Equal("is 0; must be 1 to 65535", Assert.Single(faults["checks[1].port"]));
        Assert.Equal("is 3601; must be 0 (the default) to 3600 seconds", Assert.Single(faults["healthcheck_interval"]));
    }

    [Theory]
    [InlineData("a b")]
    [InlineData("http://a")]
    public void A_host_is_an_address_or_a_name(string host) => Assert.True(HealthCheck.Validate([new("TCP", host, 80)], 0).ContainsKey("checks[0].host"));

    [Fact]
    public void The_number_of_checks_has_a_bound() =>
        Assert.True(HealthCheck.Validate([.. Enumerable.Repeat(new HealthCheck("TCP", "a", 1), 101)], 0).ContainsKey("checks"));
}
