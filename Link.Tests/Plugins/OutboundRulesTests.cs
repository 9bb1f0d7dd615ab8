using System.Net;
using System.Net.Sockets;
using Link.Core.Net;
using Link.Core.Plugins;
using Link.Tests.Support;
using Xunit;

namespace Link.Tests.Plugins;

public sealed class OutboundRulesTests
{
    private const int ApiPort = 1313;

    private static readonly OutboundRules s_rules = new([], ApiPort, [("10.0.0.11", 2379), ("etcd-2.example", 2379)]);

    [Theory]
    [InlineData("169.254.169.254")]
    [InlineData("169.254.0.0")]
    [InlineData("169.254.255.255")]
    [InlineData("168.63.129.16")]
    [InlineData("100.100.100.200")]
    [InlineData("192.0.0.192")]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("fe80::1")]
    [InlineData("fe80::a9fe:a9fe%2")]
    [InlineData("febf::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fd20:ce::254")]
    [InlineData("fd00:c1::a9fe:a9fe")]
    [InlineData("fd00:42::42")]
    [InlineData("ff02::1")]
    // Mapped, translated, compatible, NAT64, 6to4, Teredo, ISATAP, and a site's own NAT64 in each of its places.
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::ffff:0:169.254.169.254")]
    [InlineData("::169.254.169.254")]
    [InlineData("64:ff9b::169.254.169.254")]
    [InlineData("64:ff9b::0.0.0.0")]
    [InlineData("2002:a9fe:a9fe::1")]
    [InlineData("2001:0:1:2:3:4:5601:5601")]
    [InlineData("fd12::200:5efe:169.254.169.254")]
    [InlineData("2001:db8::5efe:169.254.169.254")]
    [InlineData("64:ff9b:1::169.254.169.254")]
    [InlineData("64:ff9b:1:a9fe:a9:fe00::")]
    [InlineData("64:ff9b:1:a9:fe:a9fe::")]
    [InlineData("64:ff9b:1:0:a9:fea9:fe00:0")]
    public void Link_local_and_metadata_addresses_and_no_hosts_are_refused_in_every_form(string address)
    {
        Assert.EndsWith("if it has to be called, name it in WEBHOOK_ALLOW", s_rules.Fault(IPAddress.Parse(address), 80), StringComparison.Ordinal);
        IPAddress plain = new(IPAddress.Parse(address).GetAddressBytes());
        var allowing = new OutboundRules([new IPNetwork(plain, plain.GetAddressBytes().Length * 8)], ApiPort, []);
        Assert.Null(allowing.Fault(IPAddress.Parse(address), 80));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("127.8.9.10")]
    [InlineData("::1")]
    [InlineData("10.0.0.1")]
    [InlineData("192.168.1.1")]
    [InlineData("100.100.100.201")]
    [InlineData("169.253.255.255")]
    [InlineData("169.255.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("2001:db8::1")]
    [InlineData("fd00::1")]
    [InlineData("fec0::1")]
    [InlineData("64:ff9b::10.0.0.1")]
    [InlineData("::ffff:10.0.0.1")]
    public void Others_are_not(string address) => Assert.Null(s_rules.Fault(IPAddress.Parse(address), 80));

    [Theory]
    [InlineData("http://169.254.169.254/latest/meta-data")]
    [InlineData("http://2852039166/")]
    [InlineData("http://0xa9fea9fe/")]
    [InlineData("http://0xA9.0xFE.0xA9.0xFE/")]
    [InlineData("http://0251.0376.0251.0376/")]
    [InlineData("http://0251.254.43518/")]
    [InlineData("http://169.254.43518/")]
    [InlineData("http://169.16689662/")]
    [InlineData("http://169.254.169.254./")]
    [InlineData("http://[fe80::1]/")]
    [InlineData("http://[fe80::1%25eth0]/")]
    [InlineData("http://[::ffff:a9fe:a9fe]/")]
    [InlineData("http://[0:0:0:0:0:ffff:169.254.169.254]/")]
    [InlineData("http://[64:ff9b::a9fe:a9fe]/")]
    [InlineData("http://0/")]
    [InlineData("http://[::]/")]
    [InlineData("http://127.0.0.1:1313/drain")]
    [InlineData("http://127.1:1313/")]
    [InlineData("http://2130706433:1313/")]
    [InlineData("http://127.200.0.1:1313/")]
    [InlineData("http://localhost:1313/")]
    [InlineData("http://LOCALHOST.:1313/")]
    [InlineData("http://a.localhost:1313/")]
    [InlineData("https://[::1]:1313/")]
    [InlineData("http://[::ffff:127.0.0.1]:1313/")]
    [InlineData("http://[64:ff9b::7f00:1]:1313/")]
    [InlineData("http://10.0.0.11:2379/v3/maintenance/defragment")]
    [InlineData("http://[::ffff:10.0.0.11]:2379/")]
    [InlineData("http://ETCD-2.example:2379/")]
    [InlineData("http://127.0.0.1:2379/")]
    public void An_address_is_seen_in_a_URL_however_it_is_written(string url) => Assert.NotNull(s_rules.Fault(new Uri(url)));

    [Theory]
    [InlineData("http://127.0.0.1:8080/")]
    [InlineData("http://localhost/")]
    [InlineData("http://10.0.0.5:1313/")]
    [InlineData("http://10.0.0.12:2379/")]
    [InlineData("https://lb.example/vip")]
    public void Another_receiver_may_be_called(string url) => Assert.Null(s_rules.Fault(new Uri(url)));

    [Fact]
    public void What_WEBHOOK_ALLOW_names_is_allowed_and_nothing_besides()
    {
        var rules = new OutboundRules([IPNetwork.Parse("169.254.10.0/24"), IPNetwork.Parse("0.0.0.0/0")], ApiPort, [("127.0.0.1", 2379)]);
        Assert.Null(rules.Fault(IPAddress.Parse("::ffff:169.254.10.7"), 80));
        Assert.NotNull(rules.Fault(IPAddress.Parse("fe80::1"), 80));
        // Never these.
        Assert.NotNull(rules.Fault(IPAddress.Loopback, ApiPort));
        Assert.NotNull(rules.Fault(IPAddress.Parse("127.9.9.9"), 2379));
    }

    [Fact]
    public async Task A_name_is_judged_by_the_address_that_it_leads_to_at_each_connection()
    {
        await using WebReceiver receiver = await WebReceiver.StartAsync();
        using var free = new OutboundHttp(new NameResolver(), TimeProvider.System);
        // The resolver takes this for 127.0.0.1.
        Uri url = new($"http://localhost:{receiver.Port}/");
        receiver.AnswerWith(200);
        Assert.True((await free.SendAsync(new HttpRequestMessage(HttpMethod.Get, url), Cancel)).IsSuccess);

        using var own = new OutboundHttp(new NameResolver(), TimeProvider.System, rules: new OutboundRules([], receiver.Port, []));
        OutputException refused = await Assert.ThrowsAsync<OutputException>(() => own.SendAsync(new HttpRequestMessage(HttpMethod.Get, url), Cancel));
        Assert.Matches($"^localhost:{receiver.Port} may not be called: (127.0.0.1|::1) with this port is the API of this agent", refused.Message);
        using var member = new OutboundHttp(new NameResolver(), TimeProvider.System, rules: new OutboundRules([], 0, [("localhost", receiver.Port)]));
        refused = await Assert.ThrowsAsync<OutputException>(() => member.SendAsync(new HttpRequestMessage(HttpMethod.Get, new Uri($"http://127.0.0.1:{receiver.Port}/")), Cancel));
        Assert.Contains(" may not be called: ", refused.Message, StringComparison.Ordinal);
        Assert.Equal(1, receiver.Count);
    }

    /// <summary>0.0.0.0 and the host's own addresses lead to it as loopback does.</summary>
    [Theory]
    [InlineData("10.1.2.3", "10.1.2.3", true)]
    [InlineData("127.0.0.1", "127.0.0.2", true)]
    [InlineData("10.1.2.3", "10.1.2.4", false)]
    public async Task A_connection_that_leads_back_to_the_agents_own_API_is_refused(string self, string other, bool refused)
    {
        Task Judge() => s_rules.JudgeAsync(new IPEndPoint(IPAddress.Parse(self), 40_000), new IPEndPoint(IPAddress.Parse(other), ApiPort), new NameResolver(), Cancel);
        if (refused)
            await Assert.ThrowsAsync<OutboundRefusedException>(Judge);
        else
            await Judge();
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;
}
