using Link.Tests.Api;
using Xunit;

namespace Link.Tests.Client;

/// <summary>Every command line that scripts for LinK 2 and LinK 3 are written with, against an agent that asks for a password.</summary>
public sealed class LinKCommandsTests
{
    private const string Id = "vip-5f09bd47-2074-4fe3-bea5-de5cd4f44baf";
    private const string Added = "endpoint vip-00000000-0000-4000-8000-000000000001";
    private const string Check = "TCP 10.0.0.9:80";

    [Theory]
    [InlineData("list", "ID                                        STATUS     ADDRESS")]
    [InlineData("show --endpoint-id " + Id, "ID            " + Id)]
    [InlineData("show --id " + Id, "ID            " + Id)]
    [InlineData("show --endpoint " + Id, "ID            " + Id)]
    [InlineData("get --endpoint-id " + Id, "ID            " + Id)]
    [InlineData("create --plugin arp --ip 10.0.0.7/32", Added + " (10.0.0.7/32) added: BOOTING")]
    [InlineData("add --plugin arp --ip 10.0.0.7/32", Added + " (10.0.0.7/32) added: BOOTING")]
    [InlineData("create --plugin arp --ip 10.0.0.7/32 --health-check '" + Check + "' --health-check 'TCP 10.0.0.9:81' --health-check-interval 7", Added + " (10.0.0.7/32) added: BOOTING")]
    [InlineData(
        "create --plugin outscale_public_ip --public-ip-id eipalloc-abc123 --nic-id eni-abc123 --region eu-west-2 --access-key AK --secret-key SK",
        Added + " (outscale_public_ip/eipalloc-abc123) added: BOOTING")]
    [InlineData("destroy --endpoint-id " + Id, "endpoint " + Id + " (10.0.0.1/32) deleted")]
    [InlineData("delete --endpoint-id " + Id, "endpoint " + Id + " (10.0.0.1/32) deleted")]
    [InlineData("failover --endpoint-id " + Id, "endpoint " + Id + " (10.0.0.1/32) handed over")]
    [InlineData("set-health-checks --endpoint-id " + Id + " --health-check '" + Check + "'", "endpoint " + Id + " (10.0.0.1/32) is checked by " + Check)]
    [InlineData("rotate-encryption-key", "this host has no secrets")]
    [InlineData("version", "client  1.1.0\nagent   1.2.3")]
    public Task LinK_3s_commands_work(string line, string output) => AssertWorksAsync(line, output);

    [Theory]
    [InlineData("list", "ID                                        STATUS     ADDRESS")]
    [InlineData("get " + Id, "ID            " + Id)]
    [InlineData("add 10.0.0.7/32", Added + " (10.0.0.7/32) added: BOOTING")]
    [InlineData("add 10.0.0.7/32 TCP 10.0.0.9:80 TCP 10.0.0.9:81", Added + " (10.0.0.7/32) added: BOOTING")]
    [InlineData("destroy " + Id, "endpoint " + Id + " (10.0.0.1/32) deleted")]
    [InlineData("failover " + Id, "endpoint " + Id + " (10.0.0.1/32) handed over")]
    [InlineData("update-healthchecks " + Id + " TCP 10.0.0.9:80", "endpoint " + Id + " (10.0.0.1/32) is checked by " + Check)]
    [InlineData("update-healthchecks " + Id, "endpoint " + Id + " (10.0.0.1/32) has no checks any more")]
    public Task LinK_2s_commands_work(string line, string output) => AssertWorksAsync(line, output);

    [Theory]
    [InlineData("show --endpoint-id vip-00000000-0000-4000-8000-00000000ffff")]
    [InlineData("create --plugin arp --ip banana")]
    [InlineData("create --plugin arp --ip 10.0.0.1/32")]
    public async Task Unlike_LinKs_a_refusal_is_not_exit_0(string line)
    {
        await using RunningApi api = await StartAsync();
        ClientResult result = await ClientRunner.RunAsync(["--host", api.Host, "-u", "admin", "-p", "secret", .. ClientRunner.Split(line)]);
        Assert.Equal((1, ""), (result.Code, result.Output));
        Assert.StartsWith("link-client: ", result.Error, StringComparison.Ordinal);
    }

    private static async Task<RunningApi> StartAsync()
    {
        RunningApi api = await RunningApi.StartAsync(options => options with { User = "admin", Password = "secret" });
        api.Agent.Have(FakeAgent.Arp(Id, "10.0.0.1/32") with { Holder = "web-1" });
        return api;
    }

    private static async Task AssertWorksAsync(string line, string output)
    {
        foreach ((string user, string password) in new[] { ("--user", "--password"), ("-u", "-p") })
        {
            await using RunningApi api = await StartAsync();
            ClientResult result = await ClientRunner.RunAsync(["--host", api.Host, user, "admin", password, "secret", .. ClientRunner.Split(line)]);
            Assert.Equal((0, ""), (result.Code, result.Error));
            Assert.StartsWith(output, result.Output, StringComparison.Ordinal);
        }
    }
}
