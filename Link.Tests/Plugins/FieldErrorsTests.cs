using System.Text.Json;
using Link.Core.Plugins;
using Link.Core.Plugins.Arp;
using Xunit;

namespace Link.Tests.Plugins;

public sealed class FieldErrorsTests
{
    /// <summary>A body of a megabyte has a hundred thousand of them, and each was told in a hundred characters.</summary>
    [Fact]
    public void Of_many_mistakes_a_page_is_told()
    {
        using JsonDocument config = JsonDocument.Parse($$"""{"ip":"10.0.0.1/32",{{string.Join(',', Enumerable.Range(0, 100_000).Select(static i => $"\"f{i}\":1"))}}}""");
        Validated<ArpConfig> read = ArpConfig.Read(config.RootElement, stored: false);
        Assert.Null(read.Value);
        Assert.Equal(20, read.Errors.Count);
        Assert.Equal("is unknown; plugin arp takes ip, interface and on_etcd_loss", read.Errors["f0"].Single());
    }

    [Fact]
    public void Of_many_mistakes_in_one_field_ten_are_told()
    {
        var errors = new FieldErrors();
        for (int i = 0; i < 1000; i++)
            errors.Add("environment", "has a wrong name");
        Assert.Equal(10, errors.ToDictionary()["environment"].Count);
    }

    [Fact]
    public void A_fields_name_is_fit_for_a_message()
    {
        var errors = new FieldErrors();
        errors.Add($"a\n\u202e{new string('x', 1000)}", "is unknown");
        Assert.Equal($"a??{new string('x', 157)}…", errors.ToDictionary().Keys.Single());
    }
}
