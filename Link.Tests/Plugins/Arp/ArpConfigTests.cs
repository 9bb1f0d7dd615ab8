using System.Text.Json;
using Link.Core.Plugins;
using Link.Core.Plugins.Arp;
using Xunit;

namespace Link.Tests.Plugins.Arp;

public sealed class ArpConfigTests
{
    [Theory]
    [InlineData("10.0.0.1/32", "10.0.0.1/32", "10.0.0.1_32")]
    [InlineData("10.0.0.1/24", "10.0.0.1/24", "10.0.0.1_24")]
    [InlineData("10.0.0.0/31", "10.0.0.0/31", "10.0.0.0_31")]
    [InlineData("10.0.0.0/32", "10.0.0.0/32", "10.0.0.0_32")]
    [InlineData("2001:DB8:0::1/128", "2001:db8::1/128", "2001:db8::1_128")]
    [InlineData("2001:db8::1/64", "2001:db8::1/64", "2001:db8::1_64")]
    [InlineData("fe80::1/64", "fe80::1/64", "fe80::1_64")]
    public void An_address_becomes_its_canonical_form_and_an_election_key(string ip, string cidr, string key)
    {
        var config = Parse($$"""{"ip":"{{ip}}"}""").Value!;

        Assert.Equal(cidr, config.Cidr);
        Assert.Equal(key, config.ElectionKey);
        Assert.Equal($$"""{"ip":"{{cidr}}"}""", config.ToJson());
    }

    [Fact]
    public void A_long_mistake_is_told_in_short()
    {
        string told = Assert.Single(Parse($$"""{"ip":"{{new string('1', 100_000)}}"}""").Errors["ip"]);
        Assert.Equal($"\"{new string('1', 80)}…\" is not an IP address with its prefix length, such as 10.0.0.1/32 or 2001:db8::1/128", told);
    }

    [Theory]
    [InlineData("10.0.0.1", "\"10.0.0.1\" has no prefix length; write 10.0.0.1/32")]
    [InlineData("2001:db8::1", "\"2001:db8::1\" has no prefix length; write 2001:db8::1/128")]
    [InlineData("banana", "\"banana\" is not an IP address with its prefix length, such as 10.0.0.1/32 or 2001:db8::1/128")]
    [InlineData("", "\"\" is not an IP address with its prefix length, such as 10.0.0.1/32 or 2001:db8::1/128")]
    [InlineData("10.1/32", "\"10.1/32\" is not an IP address with its prefix length, such as 10.0.0.1/32 or 2001:db8::1/128")]
    [InlineData("010.0.0.1/32", "\"010.0.0.1/32\" is not an IP address with its prefix length, such as 10.0.0.1/32 or 2001:db8::1/128")]
    [InlineData("fe80::1%eth0/64", "\"fe80::1%eth0/64\" is not an IP address with its prefix length, such as 10.0.0.1/32 or 2001:db8::1/128")]
    [InlineData("10.0.0.1/33", "\"10.0.0.1/33\" has a wrong prefix length; must be 1 to 32")]
    [InlineData("10.0.0.1/0", "\"10.0.0.1/0\" has a wrong prefix length; must be 1 to 32")]
    [InlineData("10.0.0.1/-1", "\"10.0.0.1/-1\" has a wrong prefix length; must be 1 to 32")]
    [InlineData(@"10.0.0.1/32\u0000", "\"10.0.0.1/32?\" has a wrong prefix length; must be 1 to 32")]
    [InlineData("2001:db8::1/129", "\"2001:db8::1/129\" has a wrong prefix length; must be 1 to 128")]
    [InlineData("::ffff:10.0.0.1/128", "\"::ffff:10.0.0.1/128\" is an IPv4 address inside an IPv6 one; write 10.0.0.1/32")]
    [InlineData("0.0.0.0/32", "0.0.0.0 is an unspecified address, which no host can have as its own")]
    [InlineData("::/128", ":: is an unspecified address, which no host can have as its own")]
    [InlineData("127.0.0.1/8", "127.0.0.1 is a loopback address, which no host can have as its own")]
    [InlineData("::1/128", "::1 is a loopback address, which no host can have as its own")]
    [InlineData("224.0.0.18/32", "224.0.0.18 is a multicast address, which no host can have as its own")]
    [InlineData("ff02::1/128", "ff02::1 is a multicast address, which no host can have as its own")]
    [InlineData("255.255.255.255/32", "255.255.255.255 is the broadcast address, which no host can have as its own")]
    [InlineData("10.0.0.0/24", "10.0.0.0 is the network's own address in /24, not a host's; did you mean /32?")]
    [InlineData("10.0.0.255/24", "10.0.0.255 is the broadcast address in /24, not a host's; did you mean /32?")]
    [InlineData("2001:db8::/64", "2001:db8:: is the subnet-router anycast address in /64, not a host's; did you mean /128?")]
    public void An_address_that_cannot_be_one_is_refused_with_the_reason(string ip, string expected)
    {
        var result = Parse($$"""{"ip":"{{ip}}"}""");

        Assert.False(result.IsValid);
        Assert.Equal(expected, Assert.Single(result.Errors["ip"]));
    }

    [Fact]
    public void Our_own_fields_are_taken()
    {
        var config = Parse("""{"ip":"10.0.0.1/32","interface":"eth0.100","on_etcd_loss":"release"}""").Value!;

        Assert.Equal("eth0.100", config.Interface);
        Assert.Equal("release", config.OnEtcdLoss);
        Assert.Equal("""{"ip":"10.0.0.1/32","interface":"eth0.100","on_etcd_loss":"release"}""", config.ToJson());
    }

    [Fact]
    public void All_errors_come_together()
    {
        var errors = Parse("""{"interface":"a/b","on_etcd_loss":"maybe","ipp":"10.0.0.1/32"}""").Errors;

        Assert.Equal(["interface", "ip", "ipp", "on_etcd_loss"], errors.Keys.Order());
        Assert.Equal("is missing; must be an address with its prefix length such as 10.0.0.1/32", Assert.Single(errors["ip"]));
        Assert.Equal("is unknown; plugin arp takes ip, interface and on_etcd_loss", Assert.Single(errors["ipp"]));
        Assert.Equal("is \"maybe\"; must be claim, hold or release", Assert.Single(errors["on_etcd_loss"]));
    }

    [Theory]
    [InlineData("""{"ip":17}""", "ip")]
    [InlineData("""{"ip":"10.0.0.1/32","interface":["eth0"]}""", "interface")]
    public void A_field_of_another_type_is_an_error(string json, string field) => Assert.Equal("must be a string", Assert.Single(Parse(json).Errors[field]));

    [Theory]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("\"10.0.0.1/32\"")]
    public void What_is_no_object_is_an_error(string json) => Assert.True(Parse(json).Errors.ContainsKey("plugin_config"));

    [Fact]
    public void What_is_stored_may_have_more_fields_and_any_address_that_LinK_took()
    {
        using var json = JsonDocument.Parse("""{"ip":"10.0.0.0/24","later":true}""");

        Assert.Equal("10.0.0.0_24", ArpConfig.Read(json.RootElement, stored: true).Value!.ElectionKey);
    }

    [Theory]
    [InlineData("127.0.0.1/32", "loopback")]
    [InlineData("::1/128", "loopback")]
    [InlineData("0.0.0.0/32", "unspecified")]
    [InlineData("0.1.2.3/32", "unspecified")]
    [InlineData("::/128", "unspecified")]
    [InlineData("224.0.0.18/32", "multicast")]
    [InlineData("ff02::1/128", "multicast")]
    [InlineData("255.255.255.255/32", "broadcast")]
    public void What_no_machine_can_be_for_others_is_refused_also_if_it_is_stored(string ip, string why)
    {
        using var json = JsonDocument.Parse($$"""{"ip":"{{ip}}"}""");

        Assert.Contains(why, ArpConfig.Read(json.RootElement, stored: true).Errors["ip"][0], StringComparison.Ordinal);
        Assert.Contains(why, ArpConfig.Read(json.RootElement, stored: false).Errors["ip"][0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("eth0", true)]
    [InlineData("enp0s31f6.4094a", true)]
    [InlineData("enp0s31f6.4094ab", false)]
    [InlineData("", false)]
    [InlineData("..", false)]
    [InlineData("eth0:1", false)]
    [InlineData("eth 0", false)]
    public void Interfaces_have_the_names_that_Linux_takes(string name, bool valid) => Assert.Equal(valid, InterfaceName.Fault(name) is null);

    private static Validated<ArpConfig> Parse(string text)
    {
        using var json = JsonDocument.Parse(text);
        return ArpConfig.Read(json.RootElement, stored: false);
    }
}
