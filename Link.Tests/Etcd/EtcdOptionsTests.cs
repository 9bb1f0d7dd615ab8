using Link.Core.Etcd;
using Xunit;

namespace Link.Tests.Etcd;

public sealed class EtcdOptionsTests
{
    [Theory]
    [InlineData("http://10.0.0.1:2379", "http://10.0.0.1:2379")]
    [InlineData("10.0.0.1:2379", "http://10.0.0.1:2379")]
    [InlineData("etcd.example", "http://etcd.example:2379")]
    [InlineData("https://etcd.example/", "https://etcd.example:2379")]
    [InlineData("http://etcd.example:80", "http://etcd.example:80")]
    [InlineData("http://[fd00::1]:2379", "http://[fd00::1]:2379")]
    [InlineData("[fd00::1]", "http://[fd00::1]:2379")]
    [InlineData("https://u:p@[::1]:4001", "https://[::1]:4001")]
    public void An_endpoint_is_a_scheme_a_host_and_a_port(string text, string expected)
    {
        var faults = new List<string>();
        EtcdOptions options = EtcdOptions.Parse(text, faults);
        Assert.Empty(faults);
        Assert.Equal(expected, EtcdOptions.NameOf(Assert.Single(options.Endpoints)));
    }

    [Fact]
    public void A_list_may_have_spaces_and_repetitions()
    {
        var faults = new List<string>();
        EtcdOptions options = EtcdOptions.Parse(" http://a:1 , b:2,, http://a:1/ ", faults);
        Assert.Empty(faults);
        Assert.Equal(["http://a:1", "http://b:2"], options.Endpoints.Select(EtcdOptions.NameOf));
    }

    [Fact]
    public void User_and_password_may_stand_in_the_url_and_are_unescaped()
    {
        var faults = new List<string>();
        EtcdOptions options = EtcdOptions.Parse("http://link:p%40ss%3Aw0rd@a:1,http://b:2", faults);
        Assert.Empty(faults);
        Assert.Equal(("link", "p@ss:w0rd"), (options.User, options.Password));
    }

    [Fact]
    public void All_faults_are_told_at_once_and_none_holds_the_password()
    {
        var faults = new List<string>();
        EtcdOptions options = EtcdOptions.Parse("ftp://link:hunter2@a:1,http://link:hunter2@:,https://link:hunter2@b:1/path,http://c:1", faults, keyFile: "/k.pem");
        Assert.Equal(4, faults.Count);
        Assert.All(faults, fault => Assert.DoesNotContain("hunter2", fault));
        Assert.DoesNotContain("hunter2", options.ToString());
    }

    [Fact]
    public void An_empty_list_is_a_fault()
    {
        var faults = new List<string>();
        EtcdOptions.Parse(" , ", faults);
        Assert.Contains("no etcd endpoint", Assert.Single(faults));
    }

    [Fact]
    public void A_user_without_a_password_is_a_fault()
    {
        var faults = new List<string>();
        EtcdOptions.Parse("a:1", faults, user: "link");
        Assert.Contains("link", Assert.Single(faults));
    }

    [Fact]
    public void The_text_of_options_hides_the_password()
    {
        EtcdOptions options = EtcdOptions.Parse("http://link:hunter2@a:1", []);
        Assert.Contains("link", options.ToString());
        Assert.DoesNotContain("hunter2", options.ToString());
    }
}
