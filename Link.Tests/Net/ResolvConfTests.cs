using Link.Core.Net;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Net;

public sealed class ResolvConfTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Path => System.IO.Path.Combine(_folder.Path, "resolv.conf");

    private string Resolved => System.IO.Path.Combine(_folder.Path, "resolved.conf");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Name_servers_are_read_with_all_that_may_stand_beside_them() => Assert.Equal(
        ["10.0.0.53", "2001:db8::53", "fe80::53", "10.0.0.54"],
        ResolvConf.Parse("""
            # nameserver 10.0.0.1
            domain example.com
            nameserver 10.0.0.53
            	nameserver	2001:db8::53   ; the second
            nameserver fe80::53%eth0
            nameserver
            nameserver no-address
            options edns0 nameserver 10.0.0.2
            nameserver 10.0.0.54
            """).Select(static address => address.ToString()));

    [Fact]
    public void More_than_a_host_can_ask_are_not_kept() =>
        Assert.Equal(32, ResolvConf.Parse(string.Concat(Enumerable.Range(0, 1000).Select(static i => $"nameserver 10.0.{i / 256}.{i % 256}\n"))).Count);

    [Fact]
    public void Behind_a_resolver_on_the_host_those_that_it_asks_count()
    {
        File.WriteAllText(Path, "nameserver 127.0.0.53\n");
        File.WriteAllText(Resolved, "nameserver 10.0.0.53\n");
        Assert.Equal([HostAddress.Parse("10.0.0.53")], new ResolvConf(Path, Resolved).Read());
        File.WriteAllText(Path, "nameserver 10.0.0.54\n");
        Assert.Equal([HostAddress.Parse("10.0.0.54")], new ResolvConf(Path, Resolved).Read());
    }

    [Fact]
    public void A_change_is_seen_also_of_the_file_behind_a_link_and_of_one_that_comes_or_goes()
    {
        var target = System.IO.Path.Combine(_folder.Path, "run.conf");
        File.CreateSymbolicLink(Path, target);
        var conf = new ResolvConf(Path, Resolved);
        Assert.Empty(conf.Read());
        Assert.False(conf.HasChanged);
        File.WriteAllText(target, "nameserver 10.0.0.53\n");
        Assert.True(conf.HasChanged);
        Assert.Single(conf.Read());
        Assert.False(conf.HasChanged);
        File.WriteAllText(target, "nameserver 10.0.0.53\nnameserver 10.0.0.54\n");
        Assert.True(conf.HasChanged);
        Assert.Equal(2, conf.Read().Count);
        File.Delete(target);
        Assert.True(conf.HasChanged);
        Assert.Empty(conf.Read());
    }
}
